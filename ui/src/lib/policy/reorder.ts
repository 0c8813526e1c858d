// Dragging an item of a list by its grip with the pointer. The keyboard moves items without it (Alt+↑, Alt+↓).

type Options = { grip: string; move: (from: number, to: number) => void };

/** For `{@attach}`: the children of the list are its items; the place it would fall to is marked with `data-drop`. */
export function reorder(options: () => Options): (list: HTMLElement) => () => void {
  return (list) => {
    const down = (event: PointerEvent) => {
      const { grip, move } = options();
      const at = (event.target as Element).closest?.(grip);
      const item = at?.closest("li");
      if (!at || item?.parentElement !== list || event.button !== 0) return;
      event.preventDefault();
      drag(list, [...list.children] as HTMLElement[], item, event, move);
    };
    list.addEventListener("pointerdown", down);
    return () => list.removeEventListener("pointerdown", down);
  };
}

function drag(list: HTMLElement, items: HTMLElement[], item: HTMLElement, start: PointerEvent, move: Options["move"]): void {
  const from = items.indexOf(item);
  let to = from;
  list.setPointerCapture(start.pointerId);
  item.dataset.dragged = "";
  const clear = () => items.forEach((one) => delete one.dataset.drop);
  const follow = (event: PointerEvent) => {
    to = landing(items.map((one) => one.getBoundingClientRect()), from, event.clientY);
    clear();
    if (to !== from) items[to]!.dataset.drop = to > from ? "after" : "before";
  };
  const end = (event: PointerEvent) => {
    list.removeEventListener("pointermove", follow);
    list.removeEventListener("pointerup", end);
    list.removeEventListener("pointercancel", end);
    clear();
    delete item.dataset.dragged;
    if (event.type === "pointerup" && to !== from) move(from, to);
  };
  list.addEventListener("pointermove", follow);
  list.addEventListener("pointerup", end);
  list.addEventListener("pointercancel", end);
}

/** Where an item lands that is let go at `y`: past each neighbour whose middle it has crossed. */
export function landing(boxes: readonly { top: number; bottom: number }[], from: number, y: number): number {
  const middle = (box: { top: number; bottom: number }) => (box.top + box.bottom) / 2;
  const above = boxes.findIndex((box, i) => i < from && y < middle(box));
  if (above >= 0) return above;
  const below = boxes.findLastIndex((box, i) => i > from && y > middle(box));
  return below < 0 ? from : below;
}
