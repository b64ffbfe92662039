"""Exit 0 when the web process of this container answers /readyz with 200."""

import http.client
import os
import sys

line = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=4)
try:
    line.request("GET", "/readyz", headers={"Host": "127.0.0.1"})
    sys.exit(line.getresponse().status != 200)
except (OSError, http.client.HTTPException):
    sys.exit(1)
