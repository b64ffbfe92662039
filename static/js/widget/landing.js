// Whence the visitor of this site came: the marks and the referrer of the first page they saw in this tab.
const MARK = /^(utm_\w+|\w*clid|gbraid|wbraid|gad_source|rb_clickid|vk_ref|li_fat_id|roistat|erid|_openstat)$/i;
const PLACE = "marzha.landing";

function marks() {
  const found = {};
  for (const [key, value] of new URLSearchParams(location.search)) if (MARK.test(key)) found[key] = value.slice(0, 255);
  return found;
}

function remembered(fresh) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PLACE));
    if (kept && !Object.keys(fresh.utm).length) return kept;
    sessionStorage.setItem(PLACE, JSON.stringify(fresh));
  } catch { /* storage is off: this page alone is told */ }
  return fresh;
}

/** A function that tells the landing, with the page where one is now. */
export function landing() {
  const outside = document.referrer && new URL(document.referrer).origin !== location.origin;
  const first = remembered({ utm: marks(), referrer: outside ? document.referrer : "" });
  return () => ({ ...first, page_url: location.href });
}
