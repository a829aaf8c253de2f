"""A second person's answers to a proposed rule."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from portal.calibration.views.refused import told
from portal.core.http import page
from portal.engines.services import (
    approve_proposal,
    refuse_proposal,
    seen_of,
    withdraw_proposal,
)

__all__ = ["approve", "refuse", "withdraw"]


@page("calibration.manage")
@require_POST
@told
def approve(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    saved = approve_proposal(
        proposal_id,
        seen=seen_of(request.POST.get("seen", "")),
        answer=request.POST.get("answer", ""),
    )
    messages.success(request, f"Rule {saved.rule.number} decides from this second on.")
    return redirect("calibration:history")


@page("calibration.manage")
@require_POST
@told
def refuse(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    proposal = refuse_proposal(proposal_id, answer=request.POST.get("answer", ""))
    messages.success(request, f"Rule {proposal.rule.number} is refused. Nothing was changed.")
    return redirect("calibration:history")


@page("calibration.manage")
@require_POST
@told
def withdraw(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    proposal = withdraw_proposal(proposal_id)
    messages.success(request, f"Rule {proposal.rule.number} is withdrawn. Nothing was changed.")
    return redirect("calibration:history")
