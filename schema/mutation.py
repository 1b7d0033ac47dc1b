"""Acts: thin. An input's plain values go to the use case; what it did is read back; a refusal is an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import strawberry

from db.cursors import parse_id
from db.entities import PARTY_TYPES
from resolvers import (
    certificates,
    needs,
    notices,
    offers,
    offers_confirm,
    parties,
    plan_approval,
    plan_keeping,
    plans,
    referrals,
    services,
    teams,
    webhooks,
)
from resolvers.context import KEEP
from resolvers.context import Done as ActDone
from resolvers.errors import Refusal
from resolvers.referral_steps import STEPS
from schema import cases, coordination, funds, identities, inputs, reports, results
from schema.acting import act_of, plain
from schema.buildout import BuildoutMutations
from schema.evaluations import EvaluationActs
from schema.mapping import id_of
from schema.problems import problem
from schema.records import RecordActs
from schema.results import result

Info = strawberry.Info[Any, Any]
KIND_OF_TYPE = {typename: kind for kind, typename in PARTY_TYPES.items()}


def _register(name: str, input_type: Any, done: Any, act: Callable[..., Awaitable[ActDone]], description: str) -> Any:
    """A registration differs from the next in its types only."""

    async def register(info: Info, input: Any) -> Any:
        return await act_of(done, act, info.context.acts, **plain(input))

    register.__annotations__ = {
        "info": Info,
        "input": Annotated[input_type, strawberry.argument(description="What to register. 登记内容。")],
        "return": result(name, done),
    }
    return strawberry.field(resolver=register, description=description)


def _by_id(name: str, typename: str, done: Any, act: Callable[..., Awaitable[ActDone]], description: str) -> Any:
    """An act that takes only an id."""

    async def step(info: Info, id: Any, idempotency_key: Any = None) -> Any:
        return await act_of(done, act, info.context.acts, id_of(id, typename), idempotency_key=idempotency_key)

    step.__annotations__ = {
        "info": Info,
        "id": Annotated[strawberry.ID, strawberry.argument(description="Its id. 编号。")],
        "idempotency_key": Annotated[str | None, strawberry.argument(description=inputs.KEY)],
        "return": result(name, done),
    }
    return strawberry.field(resolver=step, description=description)


def _order(name: str, input_type: Any, done: Any, act: Callable[..., Awaitable[ActDone]], description: str) -> Any:
    """A referral made of a need and an offer."""

    async def order(info: Info, input: Any) -> Any:
        values = plain(input)
        values["need_id"] = id_of(values["need_id"], "Need")
        values["offer_id"] = id_of(values["offer_id"], "Offer")
        return await act_of(done, act, info.context.acts, **values)

    order.__annotations__ = {
        "info": Info,
        "input": Annotated[input_type, strawberry.argument(description="What of what. 内容。")],
        "return": result(name, done),
    }
    return strawberry.field(resolver=order, description=description)


def _step(name: str, done: Any) -> Any:
    """A step of the table `resolvers.referral_steps.STEPS`."""
    title = f"Referral{name[0].upper()}{name[1:]}"

    async def step(info: Info, input: Any) -> Any:
        values = plain(input)
        id = id_of(values.pop("id"), "Referral")
        return await act_of(done, referrals.advance, info.context.acts, name, id, **values)

    step.__annotations__ = {
        "info": Info,
        "input": Annotated[inputs.ReferralStepInput, strawberry.argument(description="Which, and what with. 内容。")],
        "return": result(f"{title}Result", done),
    }
    row = STEPS[name]
    needs_en = f"; requires {', '.join(row.requires)}" if row.requires else ""
    description = (
        f"{row.en[0].upper()}{row.en[1:]}: from {', '.join(row.sources)} to {row.target}{needs_en}. {row.zh}。"
    )
    return strawberry.field(resolver=step, description=description)


async def _with_secret(done: Any, act: Awaitable[tuple[ActDone, str | None]]) -> Any:
    """What an act answers that shows a secret, once."""
    try:
        outcome, secret = await act
    except Refusal as refusal:
        return problem(refusal)
    answer = done.of(outcome.id)
    answer.secret = secret
    return answer


def _input(what: str) -> Any:
    return strawberry.argument(description=what)


@strawberry.type(description="Acts. 办理。")
class Mutation:
    organization_register = _register(
        "OrganizationRegisterResult",
        inputs.OrganizationRegisterInput,
        results.OrganizationRegistered,
        parties.register_organization,
        "Register a social organization. 登记社会组织。",
    )
    volunteer_register = _register(
        "VolunteerRegisterResult",
        inputs.VolunteerRegisterInput,
        results.VolunteerRegistered,
        parties.register_volunteer,
        "Register a volunteer or a team. 登记志愿者(队)。",
    )
    donor_firm_register = _register(
        "DonorFirmRegisterResult",
        inputs.DonorFirmRegisterInput,
        results.DonorFirmRegistered,
        parties.register_donor_firm,
        "Register a donor firm. 登记爱心企业。",
    )
    fund_register = _register(
        "FundRegisterResult",
        inputs.FundRegisterInput,
        results.FundRegistered,
        parties.register_fund,
        "Register a fund. 登记资金。",
    )
    social_worker_register = _register(
        "SocialWorkerRegisterResult",
        inputs.SocialWorkerRegisterInput,
        results.SocialWorkerRegistered,
        parties.register_social_worker,
        "Register a social worker. 登记社会工作者。",
    )
    community_register = _register(
        "CommunityRegisterResult",
        inputs.CommunityRegisterInput,
        results.CommunityRegistered,
        parties.register_community,
        "Register a community. 登记社区。",
    )
    assistant_register = _register(
        "AssistantRegisterResult",
        inputs.AssistantRegisterInput,
        results.AssistantRegistered,
        parties.register_assistant,
        "Register a social work assistant. 登记社工助理员。",
    )

    @strawberry.field(description="Submit a need; its best matches are stored before this returns. 提交需求。")
    async def need_submit(
        self, info: Info, input: Annotated[inputs.NeedSubmitInput, _input("The need. 需求内容。")]
    ) -> result("NeedSubmitResult", results.NeedSubmitted):  # type: ignore[valid-type]
        values = plain(input)
        values["community_id"] = id_of(values["community_id"], "Community")
        return await act_of(results.NeedSubmitted, needs.submit, info.context.acts, **values)

    @strawberry.field(description="Change an open need; its matches are renewed. 修改需求。")
    async def need_change(
        self, info: Info, input: Annotated[inputs.NeedChangeInput, _input("What to change. 修改内容。")]
    ) -> result("NeedChangeResult", results.NeedChanged):  # type: ignore[valid-type]
        values = plain(input, KEEP)
        id = id_of(values.pop("id"), "Need")
        return await act_of(results.NeedChanged, needs.change, info.context.acts, id, **values)

    need_withdraw = _by_id(
        "NeedWithdrawResult", "Need", results.NeedWithdrawn, needs.withdraw, "Take a need back. 撤回需求。"
    )

    @strawberry.field(description="Publish an offer; the matches it changes are renewed. 发布资源。")
    async def offer_publish(
        self, info: Info, input: Annotated[inputs.OfferPublishInput, _input("The offer. 资源内容。")]
    ) -> result("OfferPublishResult", results.OfferPublished):  # type: ignore[valid-type]
        values = plain(input)
        typename, values["provider_id"] = parse_id(values["provider_id"]) or ("", None)
        # A type that is no party's is the kind of no party.
        values["provider_kind"] = KIND_OF_TYPE.get(typename, typename)
        return await act_of(results.OfferPublished, offers.publish, info.context.acts, **values)

    @strawberry.field(description="Change an offer; the matches it changes are renewed. 修改资源。")
    async def offer_change(
        self, info: Info, input: Annotated[inputs.OfferChangeInput, _input("What to change. 修改内容。")]
    ) -> result("OfferChangeResult", results.OfferChanged):  # type: ignore[valid-type]
        values = plain(input, KEEP)
        id = id_of(values.pop("id"), "Offer")
        return await act_of(results.OfferChanged, offers.change, info.context.acts, id, **values)

    offer_confirm = _by_id(
        "OfferConfirmResult", "Offer", results.OfferConfirmed, offers.confirm, 'Say "still true". 确认资源仍有效。'
    )
    offer_pause = _by_id(
        "OfferPauseResult", "Offer", results.OfferPaused, offers.pause, "Stop matching an offer for now. 暂停资源。"
    )
    offer_resume = _by_id(
        "OfferResumeResult", "Offer", results.OfferResumed, offers.resume, "Match a paused offer again. 恢复资源。"
    )
    offer_withdraw = _by_id(
        "OfferWithdrawResult", "Offer", results.OfferWithdrawn, offers.withdraw, "Take an offer back. 撤回资源。"
    )

    @strawberry.field(description="Compute the best allocation of an area's offers to its needs. 计算联动方案。")
    async def plan_compute(
        self, info: Info, input: Annotated[inputs.PlanComputeInput, _input("For which area. 地区。")]
    ) -> result("PlanComputeResult", results.PlanComputed):  # type: ignore[valid-type]
        return await act_of(results.PlanComputed, plans.compute, info.context.acts, **plain(input))

    plan_cancel = _by_id(
        "PlanCancelResult",
        "Plan",
        results.PlanCancelled,
        plans.cancel,
        "Give up a plan that waits or is being computed. 取消排队中或计算中的方案。",
    )

    @strawberry.field(
        description="Keep a computed plan up to date while needs and offers change, or stop that. 保持方案更新,或停止。"
    )
    async def plan_keep(
        self, info: Info, input: Annotated[inputs.PlanKeepInput, _input("Which plan. 方案。")]
    ) -> result("PlanKeepResult", results.PlanKept):  # type: ignore[valid-type]
        values = plain(input)
        id = id_of(values.pop("id"), "Plan")
        return await act_of(results.PlanKept, plan_keeping.keep, info.context.acts, id, **values)

    @strawberry.field(description="Say which linkage model holds in an area. 设定地区的联动模式。")
    async def linkage_model_set(
        self, info: Info, input: Annotated[inputs.LinkageModelSetInput, _input("Which model, where. 模式与地区。")]
    ) -> result("LinkageModelSetResult", results.LinkageModelSet):  # type: ignore[valid-type]
        return await act_of(results.LinkageModelSet, teams.set_model, info.context.acts, **plain(input))

    plan_approve = _by_id(
        "PlanApproveResult",
        "Plan",
        results.PlanApproved,
        plan_approval.approve,
        "Order every line of a computed plan, all or none. 批准方案并逐条点单。",
    )
    referral_request = _order(
        "ReferralRequestResult",
        inputs.ReferralRequestInput,
        results.ReferralRequested,
        referrals.request,
        "Order of an offer for a need; the quantity is held from now on. 点单。",
    )
    referral_take = _order(
        "ReferralTakeResult",
        inputs.ReferralTakeInput,
        results.ReferralTaken,
        referrals.take,
        "Take an open need with an offer of your own: accepted at once. 抢单。",
    )
    referral_accept = _step("accept", results.ReferralAccepted)
    referral_reject = _step("reject", results.ReferralRejected)
    referral_start = _step("start", results.ReferralStarted)
    referral_hold = _step("hold", results.ReferralHeld)
    referral_complete = _step("complete", results.ReferralCompleted)
    referral_fail = _step("fail", results.ReferralFailed)
    referral_cancel = _step("cancel", results.ReferralCancelled)

    @strawberry.field(description="Record a call back on a referral that was completed or failed. 回访。")
    async def follow_up_record(
        self, info: Info, input: Annotated[inputs.FollowUpRecordInput, _input("What was learnt. 回访内容。")]
    ) -> result("FollowUpRecordResult", results.FollowUpRecorded):  # type: ignore[valid-type]
        values = plain(input)
        id = id_of(values.pop("id"), "Referral")
        return await act_of(results.FollowUpRecorded, referrals.follow_up, info.context.acts, id, **values)

    @strawberry.field(description="Record what was done for a referral. 登记服务记录。")
    async def service_record(
        self, info: Info, input: Annotated[inputs.ServiceRecordInput, _input("What was done. 服务内容。")]
    ) -> result("ServiceRecordResult", results.ServiceRecorded):  # type: ignore[valid-type]
        values = plain(input)
        values["referral_id"] = id_of(values["referral_id"], "Referral")
        return await act_of(results.ServiceRecorded, services.record_service, info.context.acts, **values)

    @strawberry.field(description="Correct a service record by another, or withdraw it. 更正服务记录。")
    async def service_correct(
        self, info: Info, input: Annotated[inputs.ServiceCorrectInput, _input("What is right. 更正内容。")]
    ) -> result("ServiceCorrectResult", results.ServiceCorrected):  # type: ignore[valid-type]
        values = plain(input)
        id = id_of(values.pop("id"), "ServiceRecord")
        return await act_of(results.ServiceCorrected, services.correct, info.context.acts, id, **values)

    @strawberry.field(description="Certify a volunteer's hours of a period. 出具志愿服务记录证明。")
    async def certificate_issue(
        self, info: Info, input: Annotated[inputs.CertificateIssueInput, _input("Whose, and when. 志愿者与日期。")]
    ) -> result("CertificateIssueResult", results.CertificateIssued):  # type: ignore[valid-type]
        values = plain(input)
        values["volunteer_id"] = id_of(values["volunteer_id"], "Volunteer")
        return await act_of(results.CertificateIssued, certificates.issue, info.context.acts, **values)

    @strawberry.field(description="Take a certificate back. 撤销志愿服务记录证明。")
    async def certificate_revoke(
        self, info: Info, input: Annotated[inputs.CertificateRevokeInput, _input("Which, and why. 证明与原因。")]
    ) -> result("CertificateRevokeResult", results.CertificateRevoked):  # type: ignore[valid-type]
        values = plain(input)
        id = id_of(values.pop("id"), "VolunteerCertificate")
        return await act_of(results.CertificateRevoked, certificates.revoke, info.context.acts, id, **values)

    @strawberry.field(description='Say "still true" of many offers at once, all or none. 一次确认多项资源仍有效。')
    async def offers_confirm(
        self, info: Info, input: Annotated[inputs.OffersConfirmInput, _input("Which still hold. 哪些资源。")]
    ) -> result("OffersConfirmResult", results.OffersConfirmed):  # type: ignore[valid-type]
        values = plain(input)
        ids = [id_of(id, "Offer") for id in values.pop("ids")]
        try:
            await offers_confirm.confirm_all(info.context.acts, ids, **values)
        except Refusal as refusal:
            return problem(refusal)
        return results.OffersConfirmed.of_all(list(dict.fromkeys(id for id in ids if id is not None)))

    @strawberry.field(description="Have events sent to an address, signed. 登记推送地址。")
    async def webhook_register(
        self, info: Info, input: Annotated[inputs.WebhookRegisterInput, _input("Where to, and which. 内容。")]
    ) -> result("WebhookRegisterResult", results.WebhookRegistered):  # type: ignore[valid-type]
        return await _with_secret(results.WebhookRegistered, webhooks.register(info.context.acts, **plain(input)))

    @strawberry.field(description="Give a webhook a new secret. 更换推送签名密钥。")
    async def webhook_rotate_secret(
        self,
        info: Info,
        id: Annotated[strawberry.ID, _input("Its id. 编号。")],
        idempotency_key: Annotated[str | None, _input(inputs.KEY)] = None,
    ) -> result("WebhookRotateSecretResult", results.WebhookSecretRotated):  # type: ignore[valid-type]
        rotated = webhooks.rotate(info.context.acts, id_of(id, "Webhook"), idempotency_key=idempotency_key)
        return await _with_secret(results.WebhookSecretRotated, rotated)

    webhook_pause = _by_id(
        "WebhookPauseResult", "Webhook", results.WebhookPaused, webhooks.pause, "Send nothing for now. 暂停推送。"
    )
    webhook_resume = _by_id(
        "WebhookResumeResult", "Webhook", results.WebhookResumed, webhooks.resume, "Send again, at once. 恢复推送。"
    )
    webhook_remove = _by_id(
        "WebhookRemoveResult", "Webhook", results.WebhookRemoved, webhooks.remove, "End it for good. 移除推送地址。"
    )
    webhook_test = _by_id(
        "WebhookTestResult", "Webhook", results.WebhookTested, webhooks.ping, "Have a ping sent. 测试推送。"
    )

    @strawberry.field(description="Send again what follows a cursor, or skip to it. 从游标起重新推送。")
    async def webhook_replay(
        self, info: Info, input: Annotated[inputs.WebhookReplayInput, _input("Which, and from where. 内容。")]
    ) -> result("WebhookReplayResult", results.WebhookReplayed):  # type: ignore[valid-type]
        values = plain(input)
        id = id_of(values.pop("id"), "Webhook")
        return await act_of(results.WebhookReplayed, webhooks.replay, info.context.acts, id=id, **values)

    notice_read = _by_id("NoticeReadResult", "Notice", results.NoticeRead, notices.read, "Read a notice. 通知已读。")


#: What `schema.contract` puts together; a concept with acts of its own adds its class.
ACTS = (
    Mutation,
    RecordActs,
    EvaluationActs,
    cases.Mutations,
    identities.Mutations,
    BuildoutMutations,
    funds.Mutations,
    reports.Mutations,
    coordination.Mutations,
)
