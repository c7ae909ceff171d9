"""Drafts of flows: saved as members work, told of each other, looked at, published, restored."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from flows.domain.definition_text import LONGEST
from flows.models import Flow, FlowDraft, FlowRun, FlowVersion
from flows.nodes import NODE_TYPES
from flows.queries.builder import OFTEN
from flows.services.comparing import compare
from flows.services.drafts import (
    EMPTY,
    find_fault,
    look_at,
    open_draft,
    save_draft,
    start_flow,
)
from kernel.errors import Outdated
from tenants.models import AuditEntry, Job, Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.loyalty import make_profile
from tests.factories.tenants import sign_in
from tests.flows.nodes import wait
from tests.flows.support import advance, happen

pytestmark = pytest.mark.usefixtures("noon")
ADA, BOB = "ada@example.com", "bob@example.com"


@pytest.fixture
def owner(tenant: Tenant) -> Client:
    return sign_in(tenant)


@pytest.fixture
def flow(tenant: Tenant) -> Flow:
    return start_flow(EMPTY, name="Thanks", description="", actor=ADA)


def post(client: Client, flow: Flow, route: str, match: str = "", **data: Any) -> Any:
    """Send what the builder sends; a graph goes as text."""
    address = reverse(f"flows:{route}", args=["ada-soap", flow.pk])
    body = {key: json.dumps(value) if key == "graph" else value for key, value in data.items()}
    headers = {"If-Match": match} if match else {}
    return client.post(address, body, headers=headers)


def problems(graph: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {(one["node"], one["at"]): one["text"] for one in look_at(graph)["problems"]}


def test_a_draft_is_saved_with_the_revision_that_was_seen(owner: Client, flow: Flow) -> None:
    graph = definition()
    answer = post(owner, flow, "save_draft", '"1"', graph=graph)
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    assert answer.json()["draft"]["isPublished"] is False
    draft = FlowDraft.objects.get(flow=flow)
    assert (draft.graph, draft.revision, FlowVersion.objects.count()) == (graph, 2, 0)
    again = post(owner, flow, "save_draft", '"2"', graph=graph)
    assert again.headers["ETag"] == '"2"'


def test_who_comes_second_is_told_who_saved_what_and_overwrites_only_knowingly(
    owner: Client, flow: Flow
) -> None:
    theirs, mine = definition({"a": wait(1, "days", "end")}), definition()
    save_draft(flow.pk, theirs, revision=1, actor=BOB)
    late = post(owner, flow, "save_draft", '"1"', graph=mine)
    assert late.status_code == 412
    told = late.json()["theirs"]
    assert (told["by"], told["revision"], told["graph"]) == (BOB, 2, theirs)
    assert told["at"] == "1 Jun 2026, 13:00"
    assert FlowDraft.objects.get(flow=flow).graph == theirs
    assert post(owner, flow, "save_draft", '"nonsense"', graph=mine).status_code == 412
    assert post(owner, flow, "save_draft", "*", graph=mine).status_code == 200
    assert FlowDraft.objects.get(flow=flow).graph == mine


def test_only_who_begins_to_edit_is_recorded(flow: Flow) -> None:
    steps = [definition({"a": wait(n, "days", "end")}) for n in (1, 2, 3)]
    for graph, actor in zip(steps, (ADA, BOB, BOB), strict=True):
        save_draft(flow.pk, graph, revision=None, actor=actor)
    entries = AuditEntry.objects.filter(action="flow.draft_edited").order_by("pk")
    assert list(entries.values_list("actor", flat=True)) == [ADA, BOB]


def test_a_draft_that_nobody_saved_is_the_live_version() -> None:
    flow = make_flow(definition())
    draft = open_draft(flow)
    assert (draft.graph, draft.revision, draft.is_published) == (definition(), 0, True)
    save_draft(flow.pk, EMPTY, revision=0, actor=ADA)
    with pytest.raises(Outdated):
        save_draft(flow.pk, definition(), revision=0, actor=BOB)
    assert open_draft(flow).is_published is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"nodes": []}',
        '{"nodes": {"a": "\\u0000"}}',
        '{"nodes": {"a": "\\ud800"}}',
        '{"nodes": {"a": NaN}}',
        '{"nodes": {}, "a": ' + "[" * 50 + "]" * 50 + "}",
        '{"nodes": {"a": "' + "x" * LONGEST + '"}}',
        "[" * 100_000,
    ],
    ids=range(10),
)
def test_what_is_no_definition_is_refused_and_changes_nothing(
    owner: Client, flow: Flow, text: str
) -> None:
    for name in ("save", "look"):
        answer = owner.post(f"/t/ada-soap/flows/{flow.pk}/{name}/", {"graph": text})
        assert answer.status_code == 422
        assert list(answer.json()["fields"]) == ["graph"]
    assert FlowDraft.objects.get(flow=flow).revision == 1


def test_an_empty_canvas_says_what_is_missing() -> None:
    assert problems(EMPTY) == {("", "trigger.event"): "is missing"}


def test_each_problem_names_its_step_and_its_field() -> None:
    graph = definition(
        {
            "mail": message_node("gone", "split"),
            "split": {"type": "split", "condition": {"field": "none"}, "yes": "w", "no": "end"},
            "w": {"type": "wait_event", "any_of": [], "on_event": "end", "on_timeout": "end"},
        }
    )
    found = problems(graph)
    assert found["mail", "template"] == "'gone' does not exist"
    assert found["w", "any_of"] == "names nothing to wait for"
    assert found["w", "timeout"] == "is missing; a wait needs an end"
    assert [at for node, at in found if node == "split"] == ["condition"] or [
        at.split(".")[0] for node, at in found if node == "split"
    ] == ["condition"]


def test_a_step_that_nothing_leads_to_is_found_once_the_rest_is_whole() -> None:
    graph = definition()
    graph["nodes"]["lost"] = wait(1, "days", "end")
    assert problems(graph) == {("lost", ""): "cannot be reached; connect or remove it"}


@pytest.mark.parametrize("condition", [5, "x", {"op": "and", "children": 5}, {"message": []}, [1]])
def test_a_condition_of_no_form_breaks_nothing(condition: Any) -> None:
    node = {"type": "split", "condition": condition, "yes": "end", "no": "end"}
    found = look_at(definition({"split": node}))
    assert [one["node"] for one in found["problems"]] == ["split"]
    assert found["nodes"]["split"]["title"] == "Split"


@pytest.mark.parametrize("described", NODE_TYPES, ids=lambda each: each["type"])
def test_a_step_of_any_type_that_was_just_added_can_be_looked_at(described: dict[str, Any]) -> None:
    graph = definition({"new": {"type": described["type"]}})
    assert set(look_at(graph)["nodes"]) == {"new", "end"}


def test_words_ways_and_conditions_are_told() -> None:
    condition = {
        "op": "and",
        "children": [
            {"field": "order_count", "is": ">=", "value": 2},
            {"message": "note", "is": "opened"},
        ],
    }
    split = {"type": "split", "condition": condition, "yes": "end", "no": "end"}
    found = look_at(definition({"note": message_node(then="split"), "split": split}))
    assert found["problems"] == []
    assert found["trigger"] == {"title": "Order Placed", "rules": [("How often", "Every time")]}
    assert found["said"]["nodes.split.condition"] == found["nodes"]["split"]["text"]
    assert [way["label"] for way in found["nodes"]["split"]["ways"]] == ["Yes", "No"]
    advised = [(one["node"], one["at"]) for one in found["advice"]]
    assert advised == [("", "goal"), ("split", "")], "both ways of the split lead to one end"


def test_a_flow_without_a_goal_and_a_text_that_few_agreed_to_are_advised_on() -> None:
    def advised(*, has_goal: bool = True, **nodes: dict[str, Any]) -> list[tuple[str, str]]:
        graph = definition(nodes, **({"goal": {"event": "Order Placed"}} if has_goal else {}))
        return [(one["node"], one["at"]) for one in look_at(graph)["advice"]]

    text = message_node(channel="sms")
    by_channel = {"branches": [{"channel": "sms", "next": "text"}], "otherwise": "mail"}
    choice = {"type": "channel", "message_class": "promotional", **by_channel}
    assert advised(has_goal=False, mail=message_node()) == [("", "goal")]
    assert advised(mail=message_node(then="goal"), goal={"type": "goal", "name": "Bought"}) == []
    assert advised(mail=message_node()) == []
    assert advised(text=text) == [("text", "")], "few agreed, and the others get nothing"
    assert advised(choose=choice, text=text, mail=message_node()) == []
    assert advised(text={**text, "message_class": "transactional"}) == [], "needs no consent"


def test_once_in_a_lifetime_is_advised_on_where_it_happens_again() -> None:
    """Once in a lifetime is a trap where it happens again."""

    def advised(trigger: dict[str, Any], policy: str) -> list[str]:
        graph = definition({"note": message_node()}, trigger=trigger, reentry={"policy": policy})
        return [one["at"] for one in look_at(graph)["advice"]]

    assert advised({"event": "Order Placed"}, "once") == ["goal", "reentry"]
    assert advised({"event": "Order Placed"}, "every_time") == ["goal"]
    assert advised({"event": "Form Submitted"}, "once") == ["goal"]
    assert advised({"date": {"property": "birthday"}}, "once") == ["goal", "reentry"]
    assert advised({"date": {"property": "born", "repeats": "once"}}, "once") == ["goal"]
    assert advised({"refill": {}}, "once") == ["goal", "reentry"]
    assert advised({"manual": True}, "once") == ["goal"]


def test_what_splits_ask_often_can_be_asked() -> None:
    assert [name for name, asked in OFTEN if find_fault(asked, "condition") is not None] == []


def test_a_draft_is_published_and_switched_on(owner: Client, flow: Flow) -> None:
    refused = post(owner, flow, "publish", '"1"', on="1")
    assert refused.status_code == 422
    assert "trigger.event" in refused.json()["fields"]
    save_draft(flow.pk, definition(), revision=1, actor=ADA)
    assert post(owner, flow, "publish", '"1"', on="1").status_code == 412
    assert FlowVersion.objects.count() == 0
    answer = post(owner, flow, "publish", '"2"', on="1").json()
    assert (answer["flow"]["version"], answer["flow"]["isLive"]) == (1, True)
    assert answer["draft"]["isPublished"] is True


def test_people_on_their_way_are_counted_and_moved_only_where_that_is_chosen(
    owner: Client,
) -> None:
    flow = make_flow(definition({"a": wait(1, "days", "b"), "b": wait(2, "days", "end")}))
    happen("Order Placed", make_profile())
    advance()
    save_draft(flow.pk, definition({"b": wait(3, "days", "end")}), revision=0, actor=ADA)
    counted = owner.get(f"/t/ada-soap/flows/{flow.pk}/moving/").json()["nodes"]
    assert [(one["title"], one["people"], one["outcome"], one["target"]) for one in counted] == [
        ("Wait 1 day", 1, "falls", "b")
    ]
    post(owner, flow, "publish", '"1"')
    assert Job.objects.filter(kind="flows.move").count() == 0
    save_draft(flow.pk, definition({"b": wait(4, "days", "end")}), revision=1, actor=ADA)
    post(owner, flow, "publish", '"2"', people="move")
    assert Job.objects.get(kind="flows.move").params["flow"] == flow.pk
    assert FlowRun.objects.get().version.number == 1


def test_an_older_version_becomes_the_draft_and_what_was_there_is_in_the_trail(
    owner: Client,
) -> None:
    flow = make_flow(definition())
    other = definition({"a": wait(1, "days", "end")})
    save_draft(flow.pk, other, revision=0, actor=BOB)
    answer = post(owner, flow, "restore", number="1")
    assert answer.status_code == 302
    assert FlowDraft.objects.get(flow=flow).graph == definition()
    entry = AuditEntry.objects.get(action="flow.draft_restored")
    assert (entry.before, entry.after) == ({"graph": other}, {"version": 1})
    assert post(owner, flow, "restore", number="9").status_code == 404


def test_a_new_flow_begins_with_a_copy_and_gets_a_free_name(owner: Client) -> None:
    model = make_flow(definition(), name="Mine")
    for _ in range(2):
        assert (
            owner.post("/t/ada-soap/flows/new/", {"start": f"flow:{model.pk}"}).status_code == 302
        )
    made = Flow.objects.exclude(pk=model.pk).order_by("pk")
    assert [each.name for each in made] == ["Copy of Mine", "Copy of Mine 2"]
    assert {open_draft(each).graph["entry_node"] for each in made} == {"note"}
    for wrong in ("", "flow:0", "flow:x", "nothing"):
        assert owner.post("/t/ada-soap/flows/new/", {"start": wrong}).status_code == 422
    assert Flow.objects.count() == 3


def test_a_flow_is_renamed_to_a_free_name_alone(owner: Client, flow: Flow) -> None:
    make_flow(definition(), name="Taken")
    for wrong in ("", " ", "Taken", "x" * 121, "a\x00b"):
        assert post(owner, flow, "rename", name=wrong).status_code == 422
    assert Flow.objects.get(pk=flow.pk).name == "Thanks"
    assert post(owner, flow, "rename", name=" Thank you ").json()["flow"]["name"] == "Thank you"


def test_what_can_be_chosen_is_listed_by_a_part_of_its_name(owner: Client, tenant: Tenant) -> None:
    def ask(**query: str) -> list[str]:
        answer = owner.get("/t/ada-soap/flows/values/", query)
        return [one["value"] for one in answer.json()["values"]]

    assert ask(of="template", text="order") == ["order_note"]
    assert ask(of="template", ids="note") == ["note"]
    assert "Order Placed" in ask(of="starting-event", text="order pl")
    assert ask(of="starting-event", text="Order Updated") == []
    assert "Message Opened" in ask(of="event", text="opened")
    assert ask(of="nothing") == []


def test_a_condition_that_asks_for_messages_is_looked_at_without_counting(owner: Client) -> None:
    def look(*children: dict[str, str]) -> str:
        sent = {"definition": json.dumps({"op": "and", "children": list(children)})}
        return owner.post("/t/ada-soap/flows/condition/", sent).content.decode()

    opened = {"message": "note", "is": "opened"}
    assert "Finish what is marked" in look(opened, {"field": "order_count", "is": "x"})
    assert "on the way through the flow" in look(opened)
    assert "on the way through the flow" in look({"trigger": "total", "is": ">", "value": "5"})


def test_two_versions_are_compared_step_by_step(owner: Client) -> None:
    old = definition({"a": wait(1, "days", "b"), "b": message_node(), "c": wait(9, "days", "b")})
    new = definition(
        {"a": wait(2, "days", "b"), "b": message_node(then="d"), "d": wait(1, "days", "end")}
    )
    found = [(one.title, one.word, one.before, one.after) for one in compare(old, new)]
    zone = "In the profile's own time zone"
    assert found == [
        ("Wait 2 days", "Changed", f"Wait 1 day. {zone}", zone),
        ("note", "Leads elsewhere", "Then End", "Then Wait 1 day"),
        ("Wait 1 day", "Added", "", zone),
        ("Wait 9 days", "Removed", zone, ""),
    ]


def test_the_page_of_changes_compares_versions_and_the_draft(owner: Client) -> None:
    flow = make_flow(definition())
    save_draft(flow.pk, definition(reentry={"policy": "once"}), revision=0, actor=ADA)
    page = owner.get(f"/t/ada-soap/flows/{flow.pk}/changes/").content.decode()
    assert "Every time" in page
    assert "Once" in page
    same = owner.get(f"/t/ada-soap/flows/{flow.pk}/changes/?from=1&to=1").content.decode()
    assert "They say the same" in same
    assert owner.get(f"/t/ada-soap/flows/{flow.pk}/changes/?from=7").status_code == 404
