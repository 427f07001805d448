"""Policies as files: what is written is what is read, and what is damaged is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from posg.runtime import (
    ProblemError,
    evaluate_policy,
    expand_common_information,
    load_policy,
    plan,
    policy_to_json,
    save_policy,
)

from .games import dectiger, full, one_step_delay, random_game
from .test_certify import randomised, with_lottery


@pytest.fixture
def solved():
    game = dectiger(3)
    information = one_step_delay(game)
    solution = plan(game, expand_common_information(game, information), concept="team")
    return game, information, solution.policy


@pytest.mark.parametrize("ending", ["json", "npz"])
@pytest.mark.parametrize("make", [lambda p: p, lambda p: with_lottery(p, randomised(p, 3), 0.3)])
def test_round_trip(solved, tmp_path, ending, make):
    game, information, policy = solved
    policy = make(policy)
    path = tmp_path / f"policy.{ending}"
    save_policy(policy, path)
    loaded = load_policy(path)
    assert policy_to_json(loaded) == policy_to_json(policy)
    before = evaluate_policy(game, information, policy)
    after = evaluate_policy(game, information, loaded)
    assert np.array_equal(after.value, before.value)
    assert after.missing == 0
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_json_reads_well(solved, tmp_path):
    _, _, policy = solved
    save_policy(policy, tmp_path / "policy.json")
    data = json.loads((tmp_path / "policy.json").read_text())
    assert data["schema"] == "posg.policy/1"
    assert (data["game"], data["horizon"], data["concept"]) == ("dectiger", 3, "team")
    assert data["value"] == pytest.approx({"alice": 8.815, "bob": 8.815})
    assert data["agents"]["alice"] == ["listen", "open_left", "open_right"]
    assert data["start"] == {"nothing": 0}
    node = data["steps"][0]["nodes"][0]
    assert node["prescriptions"] == {"alice": {"()": {"listen": 1}}, "bob": {"()": {"listen": 1}}}
    assert len(node["next"]) == 9


def test_actions_may_be_in_another_order(solved):
    game, information, policy = solved
    swapped = replace(
        policy,
        actions={agent: names[::-1] for agent, names in policy.actions.items()},
        steps=tuple(
            replace(
                step,
                prescriptions=tuple(
                    replace(rows, probability=rows.probability[:, ::-1])
                    for rows in step.prescriptions
                ),
            )
            for step in policy.steps
        ),
    )
    assert evaluate_policy(game, information, swapped).value == pytest.approx([8.815, 8.815])


def damage(data, path, value):
    *parents, last = path
    for name in parents:
        data = data[name]
    if value is None:
        del data[last]
    else:
        data[last] = value


NODE = ("steps", 0, "nodes", 0)
PRESCRIPTION = (*NODE, "prescriptions", "alice", "()")


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (("schema",), "posg.policy/9", "P0703"),
        (("schema",), None, "P0703"),
        (("agents",), None, "P0703"),
        (("agents",), ["alice"], "P0703"),
        (("horizon",), 4, "P0703"),
        (("value", "alice"), "much", "P0703"),
        (("start", ""), 7, "P0703"),
        ((*NODE, "next"), None, "P0703"),
        ((*NODE, "prescriptions", "bob"), None, "P0703"),
        (PRESCRIPTION, {"dance": 1.0}, "P0703"),
        (PRESCRIPTION, {"listen": True}, "P0703"),
        (PRESCRIPTION, {"listen": 0.5}, "P0706"),
        (PRESCRIPTION, {"listen": 1.5, "open_left": -0.5}, "P0706"),
        (PRESCRIPTION, {"listen": float("nan")}, "P0706"),
        (NODE, {"lottery": [], "next": {}}, "P0706"),
    ],
)
def test_damaged_json(solved, tmp_path, path, value, code):
    _, _, policy = solved
    data = json.loads(json.dumps(policy_to_json(policy)))
    damage(data, path, value)
    target = tmp_path / "policy.json"
    target.write_text(json.dumps(data))
    with pytest.raises(ProblemError) as caught:
        load_policy(target)
    assert caught.value.code == code


@pytest.mark.parametrize("content", [b"", b"no", b"[]", b"PK\x03\x04 and no more", b"\xff\xfe"])
def test_not_a_policy_file(tmp_path, content):
    target = tmp_path / "policy.json"
    target.write_bytes(content)
    with pytest.raises(ProblemError) as caught:
        load_policy(target)
    assert caught.value.code == "P0703"


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("metadata", None, "P0703"),
        ("2/target", None, "P0703"),
        ("2/target", lambda array: array + 99, "P0703"),
        ("2/source", lambda array: array[::-1] - 1, "P0703"),
        ("2/increment", lambda array: array[::-1], "P0703"),
        ("1/signal_weight", lambda array: array * 2, "P0706"),
        ("1/0/probability", lambda array: array[:, :2], "P0703"),
        ("2/0/value", lambda array: array.astype(float), "P0703"),
        ("2/0/probability", lambda array: array * 0.5, "P0706"),
    ],
)
def test_damaged_archive(solved, tmp_path, name, change, code):
    _, _, policy = solved
    target = tmp_path / "policy.npz"
    save_policy(policy, target)
    with np.load(target) as archive:
        arrays = dict(archive)
    if change is None:
        del arrays[name]
    else:
        arrays[name] = change(arrays[name])
    np.savez(target, **arrays)
    with pytest.raises(ProblemError) as caught:
        load_policy(target)
    assert caught.value.code == code


def test_failed_write_keeps_the_old_file(solved, tmp_path):
    _, _, policy = solved
    target = tmp_path / "policy.json"
    target.write_text("precious")
    broken = replace(policy, value={"alice": object()})  # not to be written as JSON
    with pytest.raises(TypeError):
        save_policy(broken, target)
    assert target.read_text() == "precious"
    assert [entry.name for entry in tmp_path.iterdir()] == ["policy.json"]


def test_policy_of_another_game(solved):
    _, _, policy = solved
    other = random_game(0)
    with pytest.raises(ProblemError) as caught:
        evaluate_policy(other, full(other), policy)
    assert (caught.value.code, caught.value.facts["what"]) == ("P0704", "agents")
    longer = dectiger(4)
    with pytest.raises(ProblemError) as caught:
        evaluate_policy(longer, full(longer), policy)
    assert (caught.value.code, caught.value.facts["what"]) == ("P0704", "horizon")
    game = dectiger(3)
    renamed = replace(game, labels=replace(game.labels, actions=(("listen", "left", "right"),) * 2))
    with pytest.raises(ProblemError) as caught:
        evaluate_policy(renamed, full(renamed), policy)
    assert (caught.value.code, caught.value.facts["what"]) == ("P0704", "actions of alice")


def test_policy_of_another_structure(solved):
    game, _, policy = solved
    information = full(game)
    with pytest.raises(ProblemError) as caught:
        evaluate_policy(game, information, policy)
    assert caught.value.code == "P0705"


def test_unseen_increments_lead_to_uniform_play(solved):
    game, information, policy = solved
    step = policy.steps[1]
    none = np.zeros(0, dtype=np.int64)
    cut = replace(step, source=none, increment=none, target=none, increments=())
    lost = replace(policy, steps=(policy.steps[0], cut, policy.steps[2]))
    evaluation = evaluate_policy(game, information, lost)
    assert evaluation.missing > 0
    assert evaluation.step_rewards[0] == pytest.approx([-2, -2])
    uniform = np.mean([-2, -101, 9, -101, -50, -100, 9, -100, 20])
    assert evaluation.step_rewards[1:] == pytest.approx(np.full((2, 2), uniform))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "", "{", "PK", "1" * 5000])
def test_not_a_policy(tmp_path, text):
    path = tmp_path / "policy.json"
    path.write_text(text)
    with pytest.raises(ProblemError) as caught:
        load_policy(path)
    assert caught.value.code == "P0703"
