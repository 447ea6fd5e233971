import { showCameras } from './camera-strip.js';
import { CameraView } from './camera-view.js';
import { byId, h } from './dom.js';
import { EventDetail } from './event-detail.js';
import { EventList } from './event-list.js';
import { LiveConnection } from './live-connection.js';

const pageSize = 60;
const searchDelayMs = 250;
const searchAgainMs = 2000;
const camerasEveryMs = 30_000;

const detail = new EventDetail();
const view = new CameraView();
const list = new EventList((id) => {
  location.hash = `event=${id}`;
});

let cameras = [];
let totalCount = 0;
let search = '';
/** Counts the loads, so that an answer that comes late is not taken for a newer one. */
let loadCount = 0;
let searchTimer;
let searchAgainTimer;

async function getJson(path) {
  const response = await fetch(path, { headers: { accept: 'application/json' } });
  const body = await response.json();
  if (!response.ok) throw new Error(body.error?.message ?? `${response.status}`);
  return body;
}

function listPath(parameters) {
  const query = new URLSearchParams({ limit: String(pageSize), ...parameters });
  if (search !== '') query.set('search_query', search);
  return `/api/v1/events?${query}`;
}

async function loadEvents() {
  const load = (loadCount += 1);
  try {
    const page = await getJson(listPath({}));
    if (load !== loadCount) return;
    totalCount = page.total_count;
    list.replace(page.events);
    showProblem('');
    showCounts();
  } catch (error) {
    if (load === loadCount) showProblem(`The events could not be loaded: ${error.message}`);
  }
}

/** Older ones: new ones may have come meanwhile, so the number of those on the page says where to go on. */
async function loadMore() {
  const button = byId('more');
  button.disabled = true;
  try {
    const page = await getJson(listPath({ offset: String(list.size) }));
    totalCount = page.total_count;
    list.merge(page.events);
    showCounts();
  } catch (error) {
    showProblem(`Older events could not be loaded: ${error.message}`);
  } finally {
    button.disabled = false;
  }
}

async function loadCameras() {
  try {
    cameras = (await getJson('/api/v1/cameras')).cameras;
    showCameras(cameras, openCamera);
    showCounts();
  } catch {
    // The state of the connection stands at the top; the next round tries again.
  }
}

function showProblem(text) {
  const problem = byId('problem');
  problem.hidden = text === '';
  problem.textContent = text;
}

function showCounts() {
  byId('more').hidden = list.size === 0 || list.size >= totalCount;
  byId('count').textContent =
    totalCount === 0 ? '' : totalCount === 1 ? '1 event' : `${totalCount.toLocaleString()} events`;
  const empty = byId('empty');
  empty.hidden = list.size > 0;
  if (list.size === 0) empty.replaceChildren(...emptyState());
}

function emptyState() {
  if (search !== '') {
    return [
      h('p', { class: 'empty-title' }, `Nothing found for “${search}”`),
      h(
        'p',
        {},
        'All words must occur. Try fewer of them, or the beginning of one with a star: ',
        h('code', {}, 'deliver*'),
      ),
    ];
  }
  if (cameras.length === 0) {
    return [
      h('p', { class: 'empty-title' }, 'No camera yet'),
      h('p', {}, 'Start Vedette with one, or add one now:'),
      h(
        'pre',
        {},
        h(
          'code',
          {},
          `curl ${location.origin}/api/v1/cameras \\\n  -H 'content-type: application/json' \\\n  -d '{"name": "Front door", "url": "rtsp://user:password@192.168.1.20/stream1"}'`,
        ),
      ),
    ];
  }
  const watching = cameras.filter(({ state }) => state.status === 'streaming').length;
  return [
    h('p', { class: 'empty-title' }, 'Nothing has happened yet'),
    h(
      'p',
      {},
      watching === 0
        ? 'No camera is connected at the moment. Their states stand above.'
        : `${watching === 1 ? 'One camera is' : `${watching} cameras are`} watched. What moves appears here by itself, with its picture first and its description a moment later.`,
    ),
  ];
}

function announce(text) {
  byId('announcer').textContent = text;
}

/** While a search is shown the server says what fits it; it is asked again, but not for every message. */
function searchAgainSoon() {
  searchAgainTimer ??= setTimeout(() => {
    searchAgainTimer = undefined;
    void loadEvents();
  }, searchAgainMs);
}

function hear(type, data) {
  switch (type) {
    case 'EVENT_CREATED':
    case 'EVENT_UPDATED': {
      if (data.id === detail.id) void detail.open(data.id);
      if (search !== '') {
        searchAgainSoon();
        break;
      }
      const isNew = type === 'EVENT_CREATED' && !list.has(data.id);
      if (isNew) totalCount += 1;
      // The update of an event that is further down than what is loaded changes nothing here.
      if (isNew || list.has(data.id)) list.merge([data], { isLive: isNew });
      if (isNew) announce(`New event: ${data.camera_name}`);
      break;
    }
    case 'EVENT_DELETED':
      if (data.id === detail.id) detail.close();
      if (list.has(data.id)) {
        totalCount = Math.max(0, totalCount - 1);
        list.remove(data.id);
      }
      break;
    case 'CAMERA_STATUS_CHANGED': {
      const camera = cameras.find(({ id }) => id === data.camera_id);
      if (camera === undefined) {
        void loadCameras();
        break;
      }
      camera.state = data.state;
      showCameras(cameras, openCamera);
      break;
    }
    default:
      break;
  }
  showCounts();
}

function showConnection(state, text) {
  const connection = byId('connection');
  connection.dataset.state = state;
  connection.textContent = text;
}

const connection = new LiveConnection({
  onOpen(isFresh) {
    showConnection('live', 'Live');
    if (isFresh) {
      void loadCameras();
      void loadEvents();
    }
  },
  onMessage: hear,
  onLost() {
    showConnection('lost', 'Reconnecting…');
  },
});

byId('search-form').addEventListener('submit', (submit) => submit.preventDefault());
byId('search').addEventListener('input', ({ target }) => {
  clearTimeout(searchTimer);
  searchTimer = setTimeout(() => {
    search = target.value.trim();
    void loadEvents();
  }, searchDelayMs);
});
byId('more').addEventListener('click', () => void loadMore());

function openCamera(id) {
  location.hash = `camera=${id}`;
}

function followHash() {
  const [, kind, id] = /^#(event|camera)=([\w-]+)$/.exec(location.hash) ?? [];
  if (kind === 'event') void detail.open(id);
  else detail.close();
  if (kind === 'camera') void view.open(id);
  else view.close();
}
addEventListener('hashchange', followHash);
setInterval(() => {
  if (document.visibilityState === 'visible') void loadCameras();
}, camerasEveryMs);

// Loaded at once, and again when the live connection says from where on it tells what happens.
void loadCameras();
void loadEvents();
followHash();
connection.connect();
