"""A new tenant, the six steps, and switching between tenants."""

from __future__ import annotations

import re
import unicodedata

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from onboarding import forms, steps
from onboarding.models import StepDone
from tenants import people, wall
from tenants.middleware import SESSION_KEY, without_tenant
from tenants.models import Role, new_token
from tenants.roles import needs

# What Russian letters sound like in an address.
_SOUNDS = [
    "a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "kh",
    "ts", "ch", "sh", "sch", ".", "y", ".", "e", "yu", "ya",
]  # fmt: skip
LATIN = {chr(0x430 + place): sound for place, sound in enumerate(_SOUNDS)} | {"\u0451": "e"}


def slug_from(name: str) -> str:
    """An address from a name, with a random tail so that it is free."""
    latin = "".join(LATIN.get(letter, letter) for letter in name.lower()).replace(".", "")
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:36].strip("-")
    tail = re.sub(r"[^a-z0-9]", "", new_token(8).lower())[:5]
    return f"{words}-{tail}" if words else f"salon-{tail}"


@without_tenant
@login_required
def start(request: HttpRequest) -> HttpResponse:
    """Makes a tenant and enters it."""
    form = forms.StartForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            tenant = people.create_tenant(
                slug=asked["slug"] or slug_from(asked["name"]),
                name=asked["name"],
                owner=request.user,  # type: ignore[arg-type]
                industry=asked["industry"],
                timezone=asked["timezone"],
                language=request.LANGUAGE_CODE[:5],
            )
        except people.SlugTaken:
            form.add_error("slug", _("This address is taken: choose another one."))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            request.session[SESSION_KEY] = tenant.pk
            return redirect("onboarding:setup")
    return render(request, "onboarding/start.html", {"form": form}, status=422 if form.errors else 200)


@needs(Role.MANAGER)
def setup(request: HttpRequest) -> HttpResponse:
    """The six steps and what is done of them."""
    found = steps.all_steps(wall.entered_tenant())
    done = sum(step.done for step in found)
    first = next((step.name for step in found if not step.done), None)
    return render(request, "onboarding/setup.html", {"steps": found, "done": done, "first": first})


@require_POST
@needs(Role.OWNER)
def declare(request: HttpRequest, step: str) -> HttpResponse:
    """Declares a step done that no row proves, or takes that back."""
    if step not in {each.name for each in steps.all_steps(wall.entered_tenant()) if each.by_hand}:
        raise Http404
    row, made = StepDone.objects.get_or_create(step=step, defaults={"user": request.user})
    if not made:
        row.delete()
    return redirect("onboarding:setup")


@require_POST
@without_tenant
@login_required
def switch(request: HttpRequest) -> HttpResponse:
    """Enters another tenant of the person."""
    wanted = request.POST.get("tenant", "")
    seats = {str(seat.tenant_id): seat for seat in request.seats}  # type: ignore[attr-defined]
    if wanted not in seats:
        raise Http404
    request.session[SESSION_KEY] = seats[wanted].tenant_id
    return redirect("home")
