"""Colleagues: who has a seat, inviting by a one-time link or QR code, joining by it."""

from __future__ import annotations

import segno
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from onboarding import forms
from tenants import clock, lookup, people, wall
from tenants.middleware import SESSION_KEY, without_tenant
from tenants.models import JoinLink, Membership, Role, Tenant, User, digest
from tenants.roles import needs

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@needs(Role.OWNER)
def team(request: HttpRequest) -> HttpResponse:
    """Who works here, open invitations, and a new one."""
    form = forms.InviteForm(request.POST or None)
    context = {"form": form, "roles": Role}
    if request.method == "POST" and form.is_valid():
        issued = people.invite(
            role=Role(form.cleaned_data["role"]),
            name=form.cleaned_data["name"],
            by=request.user,  # type: ignore[arg-type]
            now=clock.now(),
        )
        # Shown once: only its hash is kept.
        url = settings.PUBLIC_URL + reverse("onboarding:join", args=[issued.token])
        context |= {"invite_url": url, "qr": segno.make(url).svg_data_uri(scale=6, border=2)}
        context["form"] = forms.InviteForm()
    context |= {
        "seats_here": Membership.objects.select_related("user").order_by("id"),
        "open_links": JoinLink.objects.filter(used_at=None, expires_at__gt=clock.now()).order_by("-id"),
    }
    return render(request, "onboarding/team.html", context)


@require_POST
@needs(Role.OWNER)
def change_role(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives a colleague another role."""
    seat = get_object_or_404(Membership.objects.select_related("user"), pk=pk)
    role = request.POST.get("role", "")
    if role in Role.values:
        try:
            people.change_role(seat, role=Role(role), by=request.user)  # type: ignore[arg-type]
        except people.LastOwner:
            messages.error(request, _("A business needs an owner: make somebody else one first."))
    return redirect("onboarding:team")


@require_POST
@needs(Role.OWNER)
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a colleague's seat."""
    seat = get_object_or_404(Membership.objects.select_related("user"), pk=pk)
    try:
        people.remove(seat, by=request.user)  # type: ignore[arg-type]
    except people.LastOwner:
        messages.error(request, _("A business needs an owner: make somebody else one first."))
    else:
        messages.success(request, _("%(name)s has no access any more.") % {"name": seat.user})
    return redirect("onboarding:team")


@require_POST
@needs(Role.OWNER)
def revoke_link(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes an invitation back."""
    get_object_or_404(JoinLink, pk=pk, used_at=None).delete()
    return redirect("onboarding:team")


@without_tenant
def join(request: HttpRequest, token: str) -> HttpResponse:
    """A colleague joins by a one-time link: a name is enough."""
    tenant_id = lookup.join_link(token)
    if tenant_id is None:
        return render(request, "onboarding/join_gone.html", status=404)
    with wall.tenant_tx(tenant_id):
        link = JoinLink.objects.get(token_hash=digest(token))
        tenant = Tenant.objects.get(pk=tenant_id)
        now = clock.now()
    if link.used_at or link.expires_at < now:
        return render(request, "onboarding/join_gone.html", status=410)
    known = request.user if isinstance(request.user, User) else None
    form = forms.JoinForm(request.POST or None, initial={"name": link.name})
    if request.method == "POST" and (known or form.is_valid()):
        with wall.tenant_tx(tenant_id):
            user = known or _new_person(form.cleaned_data)
            try:
                people.join(token, user=user, now=now)
            except people.LinkUsed:
                return render(request, "onboarding/join_gone.html", status=410)
        if known is None:
            login(request, user, backend=BACKEND)
        request.session[SESSION_KEY] = tenant_id
        return redirect("home")
    context = {"form": form, "business": tenant.name, "role": link.get_role_display(), "known": known}
    return render(request, "onboarding/join.html", context, status=422 if request.method == "POST" else 200)


def _new_person(asked: dict[str, str]) -> User:
    user = User.objects.create_user(asked["email"], asked["password"] or None, name=asked["name"])
    if user.email:
        # The owner vouched for the person by handing over the link.
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user
