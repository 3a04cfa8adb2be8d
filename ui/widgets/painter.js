// A mask painter without a library: strokes are kept as numbers in picture pixels, so that undo has no end,
// a draft is small, and the mask is drawn again at the picture's own size whatever the zoom was.
const kept = new WeakMap();
const COLOURS = ["#E69F00", "#56B4E9", "#D55E00", "#F0E442", "#CC79A7"];
const MEMORY = "factory-gen-painter";

function remembered() {
  try { return JSON.parse(localStorage.getItem(MEMORY)) || {}; } catch { return {}; }
}

function remember(change) {
  try { localStorage.setItem(MEMORY, JSON.stringify({ ...remembered(), ...change })); } catch { /* private window */ }
}

function trace(context, stroke) {
  context.beginPath();
  stroke.pts.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
}

function paintMask(state) {
  const context = state.mask.getContext("2d");
  context.globalCompositeOperation = "source-over";
  context.clearRect(0, 0, state.mask.width, state.mask.height);
  for (const stroke of state.current ? [...state.strokes, state.current] : state.strokes) {
    if (stroke.clear) { context.clearRect(0, 0, state.mask.width, state.mask.height); continue; }
    context.globalCompositeOperation = stroke.erase ? "destination-out" : "source-over";
    context.fillStyle = context.strokeStyle = "#fff";
    context.lineWidth = stroke.size;
    context.lineCap = context.lineJoin = "round";
    if (stroke.polygon) {
      trace(context, stroke); context.closePath(); context.fill();
    } else if (stroke.pts.length === 1) {
      const [x, y] = stroke.pts[0];
      context.beginPath(); context.arc(x, y, stroke.size / 2, 0, 7); context.fill();
    } else {
      trace(context, stroke); context.stroke();
    }
  }
  context.globalCompositeOperation = "source-over";
}

function maskAsPng(state) {
  // Half-covered pixels at a stroke's edge are decided here, once: at least half is in.
  const { width, height } = state.mask;
  const copy = document.createElement("canvas");
  copy.width = width; copy.height = height;
  const context = copy.getContext("2d");
  const pixels = state.mask.getContext("2d").getImageData(0, 0, width, height);
  let painted = 0;
  for (let i = 0; i < pixels.data.length; i += 4) {
    const inside = pixels.data[i + 3] > 127 ? 255 : 0;
    painted += inside ? 1 : 0;
    pixels.data[i] = pixels.data[i + 1] = pixels.data[i + 2] = inside; pixels.data[i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
  return { png: painted ? copy.toDataURL("image/png") : null, painted };
}

function drawView(state, words, mm) {
  const { view, scale, at } = state;
  const ratio = window.devicePixelRatio || 1;
  const context = view.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  context.setTransform(ratio * scale, 0, 0, ratio * scale, -at[0] * scale * ratio, -at[1] * scale * ratio);
  context.imageSmoothingEnabled = scale < 3;
  if (state.picture.complete && state.picture.naturalWidth) {
    context.drawImage(state.picture, 0, 0, state.mask.width, state.mask.height);
  }
  if (!state.hidden) {
    const tint = state.tint.getContext("2d");
    tint.globalCompositeOperation = "copy"; tint.drawImage(state.mask, 0, 0);
    tint.globalCompositeOperation = "source-in"; tint.fillStyle = state.colour;
    tint.fillRect(0, 0, state.tint.width, state.tint.height);
    context.globalAlpha = 0.5; context.drawImage(state.tint, 0, 0); context.globalAlpha = 1;
  }
  if (state.corners.length) {
    context.lineWidth = 2 / scale; context.strokeStyle = state.colour; context.fillStyle = state.colour;
    trace(context, { pts: state.hover ? [...state.corners, state.hover] : state.corners }); context.stroke();
    for (const [x, y] of state.corners) context.fillRect(x - 3 / scale, y - 3 / scale, 6 / scale, 6 / scale);
  }
  if (state.hover && (state.tool === "brush" || state.tool === "erase")) {
    for (const [width, colour] of [[3, "#000"], [1.4, "#fff"]]) {
      context.lineWidth = width / scale; context.strokeStyle = colour;
      context.beginPath(); context.arc(state.hover[0], state.hover[1], state.size / 2, 0, 7); context.stroke();
    }
  }
  const millimetres = mm ? ` = ${(state.size * mm).toFixed(2)} mm` : "";
  state.told.textContent = `${state.size} px${millimetres} · ${Math.round(scale * 100)} %`;
}

function clampView(state) {
  const shown = [state.view.clientWidth / state.scale, state.view.clientHeight / state.scale];
  [state.mask.width, state.mask.height].forEach((length, i) => {
    const room = length - shown[i];
    state.at[i] = room <= 0 ? room / 2 : Math.min(Math.max(state.at[i], 0), room);
  });
}

function fit(state) {
  state.scale = Math.min(state.view.clientWidth / state.mask.width, state.view.clientHeight / state.mask.height);
  state.at = [0, 0];
  clampView(state);
}

function zoom(state, factor, x, y) {
  const least = Math.min(state.view.clientWidth / state.mask.width, state.view.clientHeight / state.mask.height) / 2;
  const next = Math.min(Math.max(state.scale * factor, least), 40);
  state.at = [state.at[0] + x / state.scale - x / next, state.at[1] + y / state.scale - y / next];
  state.scale = next;
  clampView(state);
}

function sizeView(state) {
  const ratio = window.devicePixelRatio || 1;
  const width = state.view.clientWidth || 600;
  const height = Math.round(Math.min(Math.max(width * state.mask.height / state.mask.width, 320), 560));
  if (state.view.width === Math.round(width * ratio) && state.view.height === Math.round(height * ratio)) return false;
  state.view.style.height = `${height}px`;
  state.view.width = Math.round(width * ratio); state.view.height = Math.round(height * ratio);
  return true;
}

function freshState(root, data) {
  const canvas = () => {
    const made = document.createElement("canvas");
    made.width = data.width; made.height = data.height;
    return made;
  };
  const memory = remembered();
  return {
    key: data.key, strokes: data.strokes || [], undone: [], corners: [], mask: canvas(), tint: canvas(),
    picture: new Image(), view: root.querySelector(".fg-view"), told: root.querySelector('[data-field="told"]'),
    tool: "brush", size: memory.size || data.brush, colour: memory.colour || COLOURS[0], hidden: false,
    scale: 1, at: [0, 0], hover: null, current: null, drag: null, fingers: new Map(), pinch: 0,
  };
}

export default function (component) {
  const { parentElement: root, data, setStateValue } = component;
  const frame = root.querySelector(".fg-painter");
  const words = data.words;
  let state = kept.get(frame);
  const isNew = !state || state.key !== data.key || state.round !== data.round;
  if (isNew) {
    state?.watch?.disconnect();
    state = freshState(root, data);
    state.round = data.round;
    kept.set(frame, state);
  }
  const redraw = () => { paintMask(state); drawView(state, words, data.mm); buttons(); };
  const look = () => { drawView(state, words, data.mm); };
  const send = () => {
    redraw();
    const { png, painted } = maskAsPng(state);
    setStateValue("drawn", { key: state.key, round: state.round, png, painted, strokes: state.strokes });
  };
  const add = (stroke) => { state.strokes = [...state.strokes, stroke]; state.undone = []; send(); };
  const undo = () => {
    if (state.corners.length) { state.corners.pop(); look(); return; }
    if (!state.strokes.length) return;
    state.undone.push(state.strokes[state.strokes.length - 1]);
    state.strokes = state.strokes.slice(0, -1); send();
  };
  const redo = () => { if (state.undone.length) { state.strokes = [...state.strokes, state.undone.pop()]; send(); } };
  const closePolygon = () => {
    const pts = state.corners;
    state.corners = [];
    if (pts.length > 2) add({ polygon: true, erase: false, size: 1, pts }); else look();
  };
  const setTool = (tool) => { if (state.tool === "polygon" && tool !== "polygon") closePolygon(); state.tool = tool; buttons(); look(); };
  const setSize = (size) => {
    state.size = Math.min(Math.max(Math.round(size), 1), 400);
    root.querySelector('[data-field="size"]').value = state.size;
    remember({ size: state.size }); look();
  };
  const centre = () => [state.view.clientWidth / 2, state.view.clientHeight / 2];
  const actions = {
    undo, redo,
    clear: () => { if (state.strokes.length) add({ clear: true, pts: [], size: 1 }); },
    in: () => { zoom(state, 1.4, ...centre()); look(); },
    out: () => { zoom(state, 1 / 1.4, ...centre()); look(); },
    fit: () => { fit(state); look(); },
    hide: () => { state.hidden = !state.hidden; buttons(); look(); },
  };
  function buttons() {
    root.querySelectorAll("[data-tool]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.tool === state.tool)));
    root.querySelector('[data-do="undo"]').disabled = !state.strokes.length && !state.corners.length;
    root.querySelector('[data-do="redo"]').disabled = !state.undone.length;
    root.querySelector('[data-do="hide"]').setAttribute("aria-pressed", String(state.hidden));
  }
  root.querySelectorAll("[data-tool]").forEach((b) => { b.textContent = words[b.dataset.tool]; b.onclick = () => setTool(b.dataset.tool); });
  root.querySelectorAll("[data-do]").forEach((b) => {
    const word = words[b.dataset.do];
    if (b.dataset.do === "in" || b.dataset.do === "out") b.setAttribute("aria-label", word); else b.textContent = word;
    b.title = word; b.onclick = actions[b.dataset.do];
  });
  root.querySelectorAll("[data-word]").forEach((one) => { one.textContent = words[one.dataset.word]; });
  const slider = root.querySelector('[data-field="size"]');
  slider.value = state.size; slider.oninput = () => setSize(+slider.value);
  slider.setAttribute("aria-label", words.size);
  const colours = root.querySelector('[data-field="colour"]');
  colours.replaceChildren(...COLOURS.map((value, i) => new Option(words.colours[i], value)));
  colours.value = state.colour;
  colours.onchange = () => { state.colour = colours.value; remember({ colour: state.colour }); look(); };

  const view = state.view;
  view.setAttribute("aria-label", words.canvas);
  const place = (e) => {
    const box = view.getBoundingClientRect();
    return [e.clientX - box.left, e.clientY - box.top];
  };
  const inPicture = ([x, y]) => [state.at[0] + x / state.scale, state.at[1] + y / state.scale].map((v) => Math.round(v * 10) / 10);
  view.onpointerdown = (e) => {
    view.focus({ preventScroll: true }); view.setPointerCapture(e.pointerId);
    const at = place(e);
    state.fingers.set(e.pointerId, at);
    if (state.fingers.size === 2) { state.current = null; state.drag = null; state.pinch = 0; redraw(); return; }
    if (state.tool === "pan" || e.button === 1 || state.space) { state.drag = at; return; }
    if (e.button !== 0) return;
    if (state.tool === "polygon") { state.corners.push(inPicture(at)); buttons(); look(); return; }
    const size = e.pointerType === "pen" && e.pressure ? Math.max(1, Math.round(state.size * (0.5 + e.pressure))) : state.size;
    state.current = { erase: state.tool === "erase" || e.altKey, size, pts: [inPicture(at)] };
    redraw();
  };
  view.onpointermove = (e) => {
    const at = place(e);
    state.hover = inPicture(at);
    if (state.fingers.has(e.pointerId)) state.fingers.set(e.pointerId, at);
    if (state.fingers.size === 2) {
      const [a, b] = [...state.fingers.values()];
      const apart = Math.hypot(a[0] - b[0], a[1] - b[1]), middle = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
      if (state.pinch) {
        state.at = [state.at[0] + (state.middle[0] - middle[0]) / state.scale, state.at[1] + (state.middle[1] - middle[1]) / state.scale];
        zoom(state, apart / state.pinch, ...middle);
      }
      state.pinch = apart; state.middle = middle; look();
      return;
    }
    if (state.drag) {
      state.at = [state.at[0] + (state.drag[0] - at[0]) / state.scale, state.at[1] + (state.drag[1] - at[1]) / state.scale];
      state.drag = at; clampView(state); look();
    } else if (state.current) { state.current.pts.push(inPicture(at)); redraw(); } else look();
  };
  const up = (e) => {
    state.fingers.delete(e.pointerId); state.drag = null; state.pinch = 0;
    const done = state.current;
    state.current = null;
    if (done) add(done);
  };
  view.onpointerup = up; view.onpointercancel = up;
  view.onpointerleave = () => { state.hover = null; look(); };
  view.ondblclick = () => { if (state.tool === "polygon") closePolygon(); };
  view.onwheel = (e) => { e.preventDefault(); zoom(state, e.deltaY < 0 ? 1.15 : 1 / 1.15, ...place(e)); look(); };
  // Key codes, not letters: a Japanese input method or another layout changes the letters only.
  view.onkeydown = (e) => {
    const command = e.ctrlKey || e.metaKey;
    const known = {
      BracketLeft: () => setSize(state.size - (e.shiftKey ? 10 : 1)), BracketRight: () => setSize(state.size + (e.shiftKey ? 10 : 1)),
      KeyB: () => setTool("brush"), KeyE: () => setTool("erase"), KeyP: () => setTool("polygon"), KeyV: () => setTool("pan"),
      KeyH: actions.hide, Digit0: actions.fit, Equal: actions.in, Minus: actions.out,
      Enter: closePolygon, Escape: () => { state.corners = []; look(); }, Space: () => { state.space = true; },
    };
    let action = command || e.isComposing ? null : known[e.code];
    if (command && e.code === "KeyZ") action = e.shiftKey ? redo : undo;
    if (command && e.code === "KeyY") action = redo;
    if (!action) return;
    e.preventDefault(); e.stopPropagation(); action();
  };
  view.onkeyup = (e) => { if (e.code === "Space") state.space = false; };

  if (isNew) {
    state.picture.onload = look;
    state.picture.src = data.picture;
    sizeView(state); fit(state);
    state.watch = new ResizeObserver(() => { if (sizeView(state)) { fit(state); look(); } });
    state.watch.observe(view);
    if (state.strokes.length) setTimeout(send, 0);
  }
  redraw();
}
