// Words that scripts say. They stand in the page (templates/ui/words.html), translated, never in a script.
export function word(name) {
  const holder = document.getElementById("ui-words");
  return holder?.content.querySelector(`[data-word="${name}"]`)?.textContent.trim() ?? name;
}
