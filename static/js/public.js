// The client's script: htmx and the few behaviours that the booking page and the hosted chat need.
import "htmx.org";
import "htmx.org/dist/ext/hx-sse.js";
import "./toast.js";
import "./failures.js";
import "./autosize.js";
import "./copy.js";
import "./once.js";
import "./live.js";
import "./phone.js";
import "./thread.js";
import "./times.js";
import "./autosubmit.js";
