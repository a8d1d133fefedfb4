"""Records a batch of activities in the caller's operation: judged one by one, written as a set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from domain.activities import storing
from domain.activities.activity import (
    ITEMS_MAX,
    ActivityInput,
    ActivityReversal,
    ActivityState,
    ActivityStatus,
    Change,
    ItemResult,
    Mode,
    Outcome,
    RecordedBatch,
)
from domain.activities.drafting import Draft, drafted
from domain.activities.events import ACTIVITY_CORRECTED, ACTIVITY_RECORDED, ACTIVITY_REVERSED
from domain.activities.refusals import ActivityConflict, BatchTooLarge, UnknownActivity
from domain.activities.revisions import (
    Verdict,
    amounts_document,
    changed_fields,
    newest_version,
    rebinds,
    reversal_verdict,
    standing_of,
    verdict,
)
from domain.activities.sources import SourceRecord
from domain.activities.storing import Revision
from domain.kernel.events import EventType
from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Operation
from domain.kernel.refusals import Refusal

Item = ActivityInput | ActivityReversal
NOTHING: Mapping[str, Refusal] = {}
EVENT_OF: Mapping[Outcome, EventType] = {
    Outcome.RECORDED: ACTIVITY_RECORDED,
    Outcome.CORRECTED: ACTIVITY_CORRECTED,
    Outcome.REVERSED: ACTIVITY_REVERSED,
}


async def record_in(
    op: Operation,
    source: SourceRecord,
    items: Sequence[Item],
    *,
    correcting: bool = False,
    mode: Mode = Mode.EACH,
    refused: Mapping[str, Refusal] = NOTHING,
) -> RecordedBatch:
    """Every item has ended: recorded, duplicate, corrected, reversed, stale or rejected with its refusal. Items whose
    external id is in `refused` are rejected with that refusal, where they are not with one of their own.

    The activities that the batch touches are locked in (source, externalId) order until the operation ends; an id that
    comes twice is judged against the earlier item. `correcting` changes what stands and never records anew.
    The number of statements does not depend on the number of items.

    Refuses: BatchTooLarge; with Mode.WHOLE also the first item's refusal.
    """
    if len(items) > ITEMS_MAX:
        raise BatchTooLarge(items=len(items), items_max=ITEMS_MAX)
    drafts = [
        draft if isinstance(draft, Refusal) else refused.get(draft.external_id, draft)
        for draft in await drafted(op, source, items)
    ]
    judging = _Judging(op=op, source=source, correcting=correcting)
    await judging.open(drafts)
    results = tuple(
        ItemResult(external_id=item.external_id, outcome=Outcome.REJECTED, refusal=draft)
        if isinstance(draft, Refusal)
        else judging.judge(draft)
        for item, draft in zip(items, drafts, strict=True)
    )
    refusal = next((result.refusal for result in results if result.refusal is not None), None)
    if mode is Mode.WHOLE and refusal is not None:
        raise refusal
    await judging.write()
    op.failpoints.hit("record.after_activities")
    return RecordedBatch(results=results, changes=judging.changes())


async def reverse_in(
    op: Operation, source: SourceRecord, reversals: Sequence[ActivityReversal], *, mode: Mode = Mode.EACH
) -> RecordedBatch:
    """The named activities are taken back whole: REVERSED, DUPLICATE where they were before, STALE, or REJECTED.

    Refuses: BatchTooLarge; with Mode.WHOLE also the first item's refusal.
    """
    return await record_in(op, source, reversals, mode=mode)


@dataclass(kw_only=True)
class _Judging:
    """The batch while it is judged: what stood before, what stands now, and the revisions that led there."""

    op: Operation
    source: SourceRecord
    correcting: bool
    inserted: dict[str, ActivityState] = field(default_factory=dict[str, ActivityState])
    before: dict[str, ActivityState] = field(default_factory=dict[str, ActivityState])
    now: dict[str, ActivityState] = field(default_factory=dict[str, ActivityState])
    revisions: list[Revision] = field(default_factory=list[Revision])

    async def open(self, drafts: Sequence[Draft | Refusal]) -> None:
        """Inserts the ids nobody knows, then locks the others as they stand.

        Inserting comes before locking: one who waits for another's insert then holds no lock a third may wait for.
        """
        good = [draft for draft in drafts if isinstance(draft, Draft)]
        first: dict[str, Draft] = {}
        for draft in good:
            if isinstance(draft.item, ActivityInput):
                first.setdefault(draft.external_id, draft)
        if not self.correcting:
            fresh = [self._first_state(i, d) for i, d in zip(new_ids(len(first)), first.values(), strict=True)]
            told = await storing.insert(self.op.sql, fresh)
            self.inserted = {state.external_id: state for state in fresh if state.activity_id in told}
        others = {draft.external_id for draft in good} - self.inserted.keys()
        self.before = await storing.lock(self.op.sql, self.source.source_id, others)
        self.now = dict(self.before)

    def judge(self, draft: Draft) -> ItemResult:
        """What becomes of one item, given the items before it."""
        current = self.now.get(draft.external_id)
        if draft.stated is None:
            return self._reverse(draft, current)
        if current is None:
            state = self.inserted.get(draft.external_id)
            if state is None:
                return self._rejected(draft, UnknownActivity(external_id=draft.external_id))
            return self._become(draft, state, Outcome.RECORDED)
        found = verdict(
            standing_of(current),
            draft.digest,
            draft.item.source_version,
            on_change=self.source.on_change,
            correcting=self.correcting,
        )
        match found:
            case Verdict.STALE:
                return ItemResult(external_id=draft.external_id, outcome=Outcome.STALE, activity=current)
            case Verdict.CONFLICT:
                return self._rejected(draft, _conflict(draft, current))
            case Verdict.DUPLICATE:
                return self._duplicate(draft, current)
            case Verdict.CORRECTION:
                return self._become(draft, self._corrected(draft, current), Outcome.CORRECTED)
            case Verdict.NEW:
                raise AssertionError("an activity that stands is not new")

    async def write(self) -> None:
        """The states that moved, the revisions with their payloads, and one event a revision, in order of the items."""
        opening = {**self.inserted, **self.before}
        moved = [state for external_id, state in sorted(self.now.items()) if state != opening[external_id]]
        await storing.update(self.op.sql, moved)
        await storing.append(self.op.sql, self.op.actor.principal_id, self.op.now, self.revisions)

    def changes(self) -> tuple[Change, ...]:
        return tuple(
            Change(previous=self.before.get(external_id), current=state)
            for external_id, state in sorted(self.now.items())
            if external_id not in self.before or self.before[external_id].revision != state.revision
        )

    def _reverse(self, draft: Draft, current: ActivityState | None) -> ItemResult:
        found = reversal_verdict(standing_of(current) if current else None, draft.item.source_version)
        if current is None:
            return self._rejected(draft, UnknownActivity(external_id=draft.external_id))
        match found:
            case Verdict.STALE:
                return ItemResult(external_id=draft.external_id, outcome=Outcome.STALE, activity=current)
            case Verdict.DUPLICATE:
                return self._duplicate(draft, current)
            case _:
                state = replace(
                    current,
                    revision=current.revision + 1,
                    status=ActivityStatus.REVERSED,
                    source_version=newest_version(draft.item.source_version, current.source_version),
                    recorded_at=self.op.now,
                )
                return self._become(draft, state, Outcome.REVERSED)

    def _duplicate(self, draft: Draft, current: ActivityState) -> ItemResult:
        # A newer version with the same content still decides that a message between the two is stale.
        version = newest_version(draft.item.source_version, current.source_version)
        self.now[draft.external_id] = replace(current, source_version=version)
        return ItemResult(external_id=draft.external_id, outcome=Outcome.DUPLICATE, activity=current)

    def _become(self, draft: Draft, state: ActivityState, outcome: Outcome) -> ItemResult:
        self.now[draft.external_id] = state
        self.revisions.append(
            Revision(
                revision_id=new_id(),
                activity_id=state.activity_id,
                revision=state.revision,
                kind=outcome.value,
                content=_content(draft, state),
                digest=state.content_digest,
                reason=draft.item.reason,
                payload=dict(draft.item.payload) if draft.item.payload is not None else None,
            )
        )
        self.op.tell(
            EVENT_OF[outcome].about(
                state.activity_id,
                member_id=state.member_id,
                partner_id=state.partner_id,
                source_id=str(state.source_id),
                type=state.type,
                revision=state.revision,
                occurred_at=state.occurred_at.isoformat(),
                quantity=state.quantity,
                amounts=amounts_document(state.amounts),
                attributes=dict(state.attributes),
                deal_key=state.deal_key,
            )
        )
        return ItemResult(external_id=draft.external_id, outcome=outcome, activity=state)

    def _first_state(self, activity_id: UUID, draft: Draft) -> ActivityState:
        return _state(draft, activity_id, self.source.source_id, 1, self.op.now, self.op.now, self.op.now)

    def _corrected(self, draft: Draft, current: ActivityState) -> ActivityState:
        assert draft.stated is not None, "a reversal is judged apart"
        anew = rebinds(current, draft.stated, draft.partner_id)
        return replace(
            _state(
                draft,
                current.activity_id,
                current.source_id,
                current.revision + 1,
                current.first_recorded_at,
                self.op.now if anew else current.bound_at,
                self.op.now,
            ),
            source_version=newest_version(draft.item.source_version, current.source_version),
        )

    def _rejected(self, draft: Draft, refusal: Refusal) -> ItemResult:
        return ItemResult(external_id=draft.external_id, outcome=Outcome.REJECTED, refusal=refusal)


def _state(
    draft: Draft,
    activity_id: UUID,
    source_id: UUID,
    revision: int,
    first_recorded_at: datetime,
    bound_at: datetime,
    recorded_at: datetime,
) -> ActivityState:
    assert draft.stated is not None, "a reversal states no content"
    return ActivityState(
        activity_id=activity_id,
        source_id=source_id,
        external_id=draft.external_id,
        revision=revision,
        status=ActivityStatus.ACTIVE,
        type=draft.stated.type,
        occurred_at=draft.stated.occurred_at,
        member_id=draft.stated.member_id,
        partner_id=draft.partner_id,
        quantity=draft.stated.quantity,
        amounts=draft.stated.amounts,
        attributes=draft.stated.attributes,
        deal_key=draft.deal_key,
        source_version=draft.item.source_version,
        content_digest=draft.digest,
        first_recorded_at=first_recorded_at,
        bound_at=bound_at,
        recorded_at=recorded_at,
    )


def _content(draft: Draft, state: ActivityState) -> dict[str, object]:
    return {
        "type": state.type,
        "occurred_at": state.occurred_at.isoformat(),
        "member_id": str(state.member_id) if state.member_id else None,
        "partner_id": str(state.partner_id) if state.partner_id else None,
        "partner_stated": draft.stated is not None and draft.stated.partner_id is not None,
        "quantity": state.quantity,
        "amounts": amounts_document(state.amounts),
        "attributes": dict(state.attributes),
        "deal_key": state.deal_key,
        "source_version": state.source_version,
    }


def _conflict(draft: Draft, current: ActivityState) -> ActivityConflict:
    assert draft.stated is not None, "a reversal conflicts with nothing"
    return ActivityConflict(
        external_id=draft.external_id,
        activity_id=str(current.activity_id),
        revision=current.revision,
        changed=changed_fields(current, draft.stated, draft.partner_id),
    )
