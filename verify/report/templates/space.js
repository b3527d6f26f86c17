// heads and features in space: turned by dragging or by the arrow keys, drawn when in sight
(() => {
  const shapes = ["square", "triangle", "diamond", "down", "pentagon", "star", "plus", "cross"];
  const corners = (n, turn, inner) => Array.from({ length: inner ? 2 * n : n }, (_, i) => {
    const angle = turn + (i * 2 * Math.PI) / (inner ? 2 * n : n), r = inner && i % 2 ? inner : 1;
    return [r * Math.cos(angle), r * Math.sin(angle)];
  });
  const up = -Math.PI / 2, outlines = {
    square: corners(4, Math.PI / 4), triangle: corners(3, up), diamond: corners(4, 0), down: corners(3, -up),
    pentagon: corners(5, up), star: corners(5, up, 0.4), plus: corners(4, up, 0.3), cross: corners(4, Math.PI / 4, 0.3),
  };
  const outline = (task) => outlines[shapes[task % shapes.length]];
  const colour = (task, style) => style.getPropertyValue(task < 0 ? "--ink" : "--t" + (task % 8));

  for (const figure of document.querySelectorAll(".space")) {
    const data = JSON.parse(figure.querySelector("script").textContent), canvas = figure.querySelector("canvas");
    const named = figure.querySelector(".readout b"), pen = canvas.getContext("2d"), tasks = 1 + Math.max(...data.task, 0);
    const marks = [
      ...data.features.map((p, i) => ({ p, task: data.own.length ? data.own[i] : -1, head: false, name: "feature of " + data.labels[i] })),
      ...data.heads.map((p, i) => ({ p, task: data.task[i], head: true, name: data.names[i] })),
    ];
    let turn = 0.6, tilt = 0.45, seen = [], pointed = null;

    const project = ([x, y, z]) => {
      const a = x * Math.cos(turn) - y * Math.sin(turn), b = x * Math.sin(turn) + y * Math.cos(turn);
      return [a, -(z * Math.cos(tilt) - b * Math.sin(tilt)), b * Math.cos(tilt) + z * Math.sin(tilt)];
    };
    const index = (text, x, y) => { // w_1^2 with its indices where they belong
      const [, base, below, above] = text.match(/^(\w)_(\w+)\^(\w+)$/) || [null, text];
      pen.font = "italic 14px serif";
      pen.fillText(base, x, y);
      if (!above) return;
      x += pen.measureText(base).width;
      pen.font = "10px serif";
      pen.fillText(above, x, y - 6);
      pen.fillText(below, x, y + 4);
    };
    const draw = () => {
      const width = canvas.clientWidth, height = canvas.clientHeight, ratio = devicePixelRatio || 1;
      if (!width) return;
      if (canvas.width !== Math.round(width * ratio)) { canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio); }
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, width, height);
      const style = getComputedStyle(document.documentElement), size = 0.42 * height, middle = [width / 2, height / 2];
      const place = (p) => { const [x, y, z] = project(p); return [middle[0] + size * x, middle[1] + size * y, z]; };
      pen.strokeStyle = style.getPropertyValue("--rule");
      pen.lineWidth = 1;
      [[1.05, 0, 0], [0, 1.05, 0], [0, 0, 1.05]].forEach((axis, i) => {
        const end = place(axis), start = place(axis.map((v) => -v));
        pen.beginPath(); pen.moveTo(start[0], start[1]); pen.lineTo(end[0], end[1]); pen.stroke();
        pen.fillStyle = style.getPropertyValue("--quiet");
        pen.font = "11px sans-serif";
        pen.fillText("axis " + (i + 1), end[0] + 3, end[1] - 3);
      });
      seen = marks.map((mark) => ({ mark, at: place(mark.p) })).sort((a, b) => a.at[2] - b.at[2]);
      for (const { mark, at: [x, y, depth] } of seen) {
        pen.globalAlpha = 0.62 + 0.34 * Math.max(-1, Math.min(1, depth)) ;
        pen.strokeStyle = pen.fillStyle = colour(mark.task, style);
        const r = mark === pointed ? 8 : mark.head ? 6 : 3.5;
        pen.lineWidth = mark.head ? 1.8 : 1.2;
        pen.beginPath();
        if (mark.head) {
          pen.moveTo(middle[0], middle[1]); pen.lineTo(x, y); pen.stroke(); pen.beginPath();
          outline(mark.task).forEach(([a, b]) => pen.lineTo(x + r * a, y + r * b));
          pen.closePath(); pen.fill();
          if (data.heads.length <= 14) { pen.fillStyle = style.getPropertyValue("--ink"); index(mark.name.slice(0, 16), x + 9, y - 5); }
        } else { pen.arc(x, y, r, 0, 2 * Math.PI); pen.stroke(); }
      }
      pen.globalAlpha = 1;
    };
    const point = (event) => {
      const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
      const near = seen.map((s) => ({ s, far: Math.hypot(s.at[0] - x, s.at[1] - y) })).filter((n) => n.far < 12).sort((a, b) => a.far - b.far)[0];
      pointed = near ? near.s.mark : null;
      named.textContent = pointed ? pointed.name : "";
      draw();
    };
    let from = null;
    const move = (dx, dy) => { turn += dx; tilt = Math.max(-1.5, Math.min(1.5, tilt + dy)); draw(); };
    canvas.addEventListener("pointerdown", (event) => { from = event; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointermove", (event) => {
      if (!from) return point(event);
      move((event.clientX - from.clientX) / 120, (event.clientY - from.clientY) / 120);
      from = event;
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { from = null; });
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
      if (step) { event.preventDefault(); move(...step); }
    });
    new ResizeObserver(draw).observe(canvas);
    addEventListener("repaint", () => { draw(); legend(); });
    const legend = () => {
      const style = getComputedStyle(document.documentElement);
      for (const item of figure.querySelectorAll(".legend li[data-task]")) {
        const task = +item.dataset.task, ns = "http://www.w3.org/2000/svg", made = document.createElementNS(ns, task < 0 ? "circle" : "polygon");
        if (task < 0) { made.setAttribute("r", 5); made.setAttribute("fill", "none"); made.setAttribute("stroke-width", 2); made.setAttribute("stroke", colour(task, style)); }
        else { made.setAttribute("points", outline(task).map(([a, b]) => 7 * a + "," + 7 * b).join(" ")); made.setAttribute("fill", colour(task, style)); }
        item.querySelector("svg").replaceChildren(made);
      }
    };
    legend();
  }
})();
