import type { PictureCondition } from '../core/camera.ts';
import type { UserNotification } from '../core/user-notification.ts';
import { toWireTime } from '../core/wire-values.ts';
import type { CameraNews } from './camera-news.ts';

const conditionWords: Readonly<
  Record<PictureCondition, { readonly title: string; readonly message: string }>
> = {
  clear: { title: 'sees clearly again', message: 'Its picture is clear again.' },
  dark: {
    title: 'sees only black',
    message: 'Its picture went black from one moment to the next: is the lens covered, or the light off?',
  },
  covered: {
    title: 'is covered',
    message: 'Something hides what it usually sees. Look at its picture, and at the camera.',
  },
  defocused: {
    title: 'is out of focus',
    message: 'It sees the usual scene, but blurred. Clean the lens or focus it anew.',
  },
};

/** What a person reads of the news, and what programs do. */
export function wordNews(
  news: CameraNews,
  cameraName: string,
): Pick<UserNotification, 'type' | 'title' | 'message' | 'details'> {
  switch (news.type) {
    case 'camera.lost': {
      const { type, cause, message, since, losses } = news;
      return {
        type,
        title: `${cameraName} is lost`,
        message: `${message ?? 'It can not be reached.'}${timesOf(losses)}`,
        details: { cause, since: toWireTime(since), losses },
      };
    }
    case 'camera.recovered': {
      const { type, since, lostSince, losses } = news;
      return {
        type,
        title: `${cameraName} is back`,
        message: `It was away since ${toWireTime(lostSince)}.${timesOf(losses)}`,
        details: {
          since: toWireTime(since),
          lost_since: toWireTime(lostSince),
          lost_seconds: Math.round((since - lostSince) / 1000),
          losses,
        },
      };
    }
    case 'camera.condition_changed': {
      const { type, condition, previous, since } = news;
      const words = conditionWords[condition];
      return {
        type,
        title: `${cameraName} ${words.title}`,
        message: words.message,
        details: { condition, previous, since: toWireTime(since) },
      };
    }
    default:
      return news satisfies never;
  }
}

function timesOf(losses: number): string {
  return losses > 1 ? ` It was lost ${losses} times meanwhile.` : '';
}
