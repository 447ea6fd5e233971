export function isHttpAddress(url: string): boolean {
  return /^https?:\/\//i.test(url) && URL.canParse(url);
}
