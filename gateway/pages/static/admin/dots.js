/**
 * Messages as dots that move along the lines of the picture. A dot has no state of its own: on a line with a rate of r
 * that takes s seconds there are r * s dots, evenly spread with a little jitter, all moving at one speed, until they
 * touch: then the line is full, and the table has the number. So 10,000 messages a second cost a few thousand small
 * squares a frame at most, and no messages cost nothing.
 */

const TRAVEL_S = 1.2; // From one actor to the next.
const STEPS = 96; // Points that are read of each path, once.
const SIZE = 3;
const ROOM = 2 * SIZE; // That a dot takes of a line.

/** @typedef {{points: Float32Array, most: number, rate: number, shown: number}} Way */

export class Dots {
  /** @type {Map<string, Way>} By publisher and subscriber. */ #ways = new Map();
  #canvas;
  #drawing;
  #svg;
  #scale = 1;
  #frame = 0;
  frames = 0;

  /** @param {HTMLElement} area Holds the picture and the canvas over it. */
  constructor(area) {
    this.#svg = /** @type {SVGSVGElement} */ (area.querySelector("svg"));
    this.#canvas = /** @type {HTMLCanvasElement} */ (area.querySelector("canvas"));
    this.#drawing = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext("2d"));
    for (const line of area.querySelectorAll(".line")) {
      const { from, to } = /** @type {SVGElement} */ (line).dataset;
      const path = /** @type {SVGPathElement} */ (line.querySelector(".way"));
      this.#ways.set(`${from} ${to}`, { points: points(path), most: Math.floor(path.getTotalLength() / ROOM), rate: 0, shown: 0 });
    }
    new ResizeObserver(() => this.#fit()).observe(this.#svg);
    document.addEventListener("visibilitychange", () => this.#begin());
  }

  /** Set the messages a second of each line. @param {Map<string, number>} rates */
  rates(rates) {
    for (const [name, way] of this.#ways) way.rate = rates.get(name) ?? 0;
    this.#begin();
  }

  #begin() {
    if (!this.#frame && !document.hidden) this.#frame = requestAnimationFrame((now_ms) => this.#draw(now_ms));
  }

  #fit() {
    const [box, ratio] = [this.#svg.getBoundingClientRect(), Math.min(devicePixelRatio, 2)];
    this.#canvas.width = box.width * ratio;
    this.#canvas.height = box.height * ratio;
    this.#canvas.style.width = `${box.width}px`;
    this.#canvas.style.height = `${box.height}px`;
    this.#scale = (box.width * ratio) / this.#svg.viewBox.baseVal.width;
  }

  /** @param {number} now_ms */
  #draw(now_ms) {
    this.#frame = 0;
    this.frames += 1;
    const [drawing, scale, moved] = [this.#drawing, this.#scale, now_ms / 1000 / TRAVEL_S];
    drawing.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    drawing.fillStyle = getComputedStyle(this.#svg).getPropertyValue("--accent");
    const size = SIZE * scale;
    let isMoving = false;
    for (const way of this.#ways.values()) {
      // A rate that changes is approached: dots come and go one by one, rather than all at once.
      way.shown += (way.rate - way.shown) * 0.06;
      if (way.rate === 0 && way.shown < 0.05) way.shown = 0;
      const count = Math.min(way.most, Math.ceil(way.shown * TRAVEL_S - 0.01));
      if (count <= 0) continue;
      isMoving = true;
      for (let place = 0; place < count; place++) {
        const at = (moved + (place + jitter(place)) / count) % 1;
        const step = Math.min(STEPS - 1, (at * STEPS) | 0) * 2;
        drawing.fillRect(way.points[step] * scale - size / 2, way.points[step + 1] * scale - size / 2, size, size);
      }
    }
    if (isMoving) this.#begin();
  }
}

/** @param {SVGPathElement} path @returns {Float32Array} x and y of points along it. */
function points(path) {
  const [found, length] = [new Float32Array(STEPS * 2), path.getTotalLength()];
  for (let step = 0; step < STEPS; step++) {
    const point = path.getPointAtLength((length * step) / (STEPS - 1));
    found[step * 2] = point.x;
    found[step * 2 + 1] = point.y;
  }
  return found;
}

/** @param {number} place @returns {number} From 0 to 1, always the same for a place. */
function jitter(place) {
  return ((place * 2654435761) >>> 0) / 4294967296;
}
