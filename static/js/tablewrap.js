// A table that scrolls inside its box can be scrolled by keys: the box gets a tab stop only while it needs one.
import { mount } from "./mount.js";

mount(".mz-table-wrap, [data-scrolls]", (box) => {
  new ResizeObserver(() => {
    if (box.scrollWidth > box.clientWidth + 1 || (box.dataset.scrolls !== undefined && box.scrollHeight > box.clientHeight + 1)) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }).observe(box);
});
