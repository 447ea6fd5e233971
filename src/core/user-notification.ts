/** What a person is told beside events. */
export const notificationTypes = ['camera.lost', 'camera.recovered', 'camera.condition_changed'] as const;
export type NotificationType = (typeof notificationTypes)[number];

export interface UserNotification {
  /** UUIDv7. */
  readonly id: string;
  readonly type: NotificationType;
  readonly cameraId: string;
  /** As the camera was called then. */
  readonly cameraName: string;
  /** One line, in plain words. */
  readonly title: string;
  /** What it means and what to do; without secrets. */
  readonly message: string;
  /** Particulars for programs, in the form of the wire; which ones depends on the type. */
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
  /** Epoch ms. */
  readonly createdAt: number;
  readonly readAt: number | null;
}
