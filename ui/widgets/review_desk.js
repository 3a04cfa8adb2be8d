// The review desk in the browser: pictures that were sent ahead are kept here, keys are read by their place on the
// keyboard (event.code), so that a Japanese input method or another layout changes nothing.
const STORE = new Map();
const LIMITS = {};
const DESKS = new WeakMap();
const VIEWS = ['result', 'source', 'mask', 'difference', 'nearest', 'whole'];
const DECISIONS = { KeyO: 'ok', KeyN: 'ng', KeyU: 'undecided', KeyZ: 'undo', ArrowRight: 'next', ArrowLeft: 'back' };
const PATIENCE_MS = 10000, AGAIN_MS = 4000;

const make = (tag, name, text) => {
  const one = document.createElement(tag);
  if (name) one.className = name;
  if (text !== undefined) one.textContent = text;
  return one;
};

const remembered = (name, otherwise) => {
  try { return localStorage.getItem('review.' + name) ?? otherwise; } catch { return otherwise; }
};
const remember = (name, value) => {
  try { localStorage.setItem('review.' + name, value); } catch { /* a browser that keeps nothing */ }
};

const typing = (event) => event.composedPath().some((one) =>
  one.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(one.tagName) || (one.getAttribute?.('role') === 'combobox'));

function picture(item, view, bare = false) {
  const box = make('div', 'picture');
  const shown = item && item.pictures[view];
  if (!shown) { box.classList.add('hidden-one'); return box; }
  const image = make('img'); image.decoding = 'async'; image.src = shown; image.alt = ''; box.append(image);
  const line = item.pictures[view === 'nearest' ? 'nearest outline' : 'outline'];
  if (line && !bare && !['whole', 'mask'].includes(view)) {
    const over = make('img', 'outline'); over.src = line; over.alt = ''; box.append(over);
  }
  return box;
}

function draw(desk) {
  const { root, data } = desk;
  const item = STORE.get(data.at);
  const words = data.words;
  root.replaceChildren();
  root.classList.toggle('bare', !desk.outline);
  if (!data.at) { root.append(make('p', 'empty', words.nothing), buttons(desk)); return; }
  const has = VIEWS.filter((one) => item && item.pictures[one]);
  if (!has.includes(desk.view)) desk.view = has.includes('result') ? 'result' : has[0];
  const left = make('div', 'left');
  const head = make('div', 'head');
  head.append(make('strong', 'type', item ? item.type : ''), make('span', 'place', data.place));
  if (item?.decision) head.append(make('span', 'mark ' + item.decision, words.marks[item.decision]));
  const main = make('div', 'main');
  main.append(picture(item, desk.view));
  main.append(make('span', 'caption', words.views[desk.view] ?? ''));
  const strip = make('div', 'strip');
  VIEWS.forEach((view, at) => {
    if (!item?.pictures[view]) return;
    const tile = make('button', 'tile' + (view === desk.view ? ' chosen' : ''));
    tile.type = 'button';
    tile.dataset.view = view;
    tile.append(picture(item, view, true), make('span', 'name', `${at + 1} ${words.views[view]}`));
    tile.onclick = () => choose(desk, view);
    strip.append(tile);
  });
  left.append(head, main, strip);
  root.append(left, side(desk, item));
}

function side(desk, item) {
  const words = desk.data.words;
  const right = make('div', 'right');
  right.append(buttons(desk));
  if (item && item.scores.length) {
    const table = make('table');
    const top = make('tr');
    words.heads.forEach((one) => top.append(make('th', '', one)));
    table.append(top);
    item.scores.forEach((one) => {
      const row = make('tr', one.fits === false ? 'off' : '');
      row.append(make('td', '', one.name), make('td', 'number', one.value), make('td', 'number', one.range),
        make('td', 'sign', one.fits === null ? '' : one.fits ? '○' : '▲'));
      table.append(row);
    });
    right.append(make('h4', '', words.scores), table);
  }
  const limits = LIMITS[item?.type] ?? {};
  if (Object.keys(limits).length) {
    right.append(make('h4', '', words.limits.replace('{type}', item.type)));
    const row = make('div', 'limits');
    Object.entries(limits).forEach(([name, [shown, line]]) => {
      const one = make('figure');
      one.append(picture({ pictures: { result: shown, outline: line } }, 'result'));
      one.append(make('figcaption', '', words.limit_names[name] ?? name));
      row.append(one);
    });
    right.append(row);
  }
  (item?.facts ?? []).forEach((one) => right.append(make('p', 'fact', one)));
  return right;
}

function buttons(desk) {
  const words = desk.data.words;
  const row = make('div', 'buttons');
  [['ok', '○ OK', 'O'], ['ng', '× NG', 'N'], ['undecided', '? ' + words.undecided, 'U'], ['undo', '↶ ' + words.undo, 'Z'],
    ['back', '←', ''], ['next', '→', '']].forEach(([what, text, key]) => {
    const one = make('button', 'act ' + what);
    one.type = 'button';
    one.dataset.act = what;
    one.setAttribute('aria-label', words.acts[what]);
    one.append(make('span', '', text));
    if (key) one.append(make('kbd', '', key));
    one.onclick = () => act(desk, what);
    row.append(one);
  });
  row.append(make('p', 'hint', words.hint));
  return row;
}

function choose(desk, view) { desk.view = view; remember('view', view); draw(desk); }

function act(desk, what) {
  if (desk.waiting && performance.now() - desk.waiting.since < PATIENCE_MS) return; // never decide on what is not shown yet
  if (!desk.data.at && what !== 'undo' && what !== 'back') return;
  desk.waiting = { since: performance.now(), asks: { what, key: desk.data.at, turn: desk.data.turn } };
  desk.root.classList.add('waiting');
  ask(desk, 0);
}

// A question can get lost on the way (a dropped line, a busy server that joins two into one): it is asked again, and
// the server answers each turn once.
function ask(desk, again) {
  desk.send('act', { ...desk.waiting.asks, again });
  clearTimeout(desk.timer);
  desk.timer = setTimeout(() => { if (desk.waiting) ask(desk, again + 1); }, AGAIN_MS);
}

function pressed(desk, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing(event)) return;
  const digit = /^(Digit|Numpad)([1-6])$/.exec(event.code);
  if (digit) choose(desk, VIEWS[digit[2] - 1]);
  else if (event.code === 'Space') { desk.outline = !desk.outline; remember('outline', desk.outline ? 'on' : 'off'); draw(desk); }
  else if (DECISIONS[event.code]) act(desk, DECISIONS[event.code]);
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

function arrived(desk, data) {
  const since = desk.waiting?.since;
  const answered = !desk.data || desk.data.turn !== data.turn;
  desk.data = data;
  Object.entries(data.items).forEach(([key, item]) => {
    STORE.set(key, item);
  });
  Object.entries(data.decisions).forEach(([key, decision]) => { const item = STORE.get(key); if (item) item.decision = decision; });
  if (STORE.size > 400) [...STORE.keys()].slice(0, 200).forEach((key) => key !== data.at && STORE.delete(key));
  const missing = [data.at, ...data.ahead].filter((key) => key && !STORE.has(key));
  if (answered) { desk.waiting = null; desk.root.classList.remove('waiting'); }
  const item = STORE.get(data.at);
  if (Object.keys(data.limits).length) Object.assign(LIMITS, data.limits);
  const face = [data.at, item ? 'there' : '', item?.decision, data.turn, JSON.stringify(data.words).length, LIMITS[item?.type] ? 'limits' : ''].join();
  if (desk.face !== face) draw(desk);
  desk.face = face;
  if (answered && since) {
    requestAnimationFrame(() => { desk.root.dataset.lastMs = String(Math.round(performance.now() - since)); });
  }
  const asking = missing.join() + data.turn + Object.keys(data.items).join();
  if ((missing.length || data.more) && desk.asked !== asking) {
    desk.asked = asking;
    requestAnimationFrame(() => setTimeout(() => {
      if (desk.waiting) desk.asked = null; // a key goes first; its answer brings us here again
      else desk.send('need', { keys: missing, when: Date.now() });
    }, 0));
  }
  desk.root.dataset.at = data.at ?? '';
  desk.root.dataset.turn = String(data.turn);
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.desk');
  let desk = DESKS.get(root);
  if (!desk) {
    desk = { root, view: remembered('view', 'result'), outline: remembered('outline', 'on') === 'on', waiting: null };
    DESKS.set(root, desk);
  }
  desk.send = setTriggerValue;
  if (!desk.listening) {
    desk.listening = (event) => pressed(desk, event);
    document.addEventListener('keydown', desk.listening, true);
  }
  arrived(desk, data);
  return () => { document.removeEventListener('keydown', desk.listening, true); desk.listening = null; clearTimeout(desk.timer); };
}
