"""What goes wrong in each run of a campaign, and what has to be true at its end."""

import dataclasses
import typing

from canonical import Difference
from world import Broken, Cluster

# How many commands in a row may fail when any call may fail.
ATTEMPTS = 5
# How many commands in a row may be killed without getting further.
STANDSTILL = 3
# Writes into a state store that each command begins with, and that get nobody further: the lease, the record of the command
# that was killed before, the manifests; and until the cluster's keys are named, four private keys and what encrypts them: two
# calls of KMS and a keyring that is there already.
BOOKKEEPING = {"none": 0, "file": 3, "s3": 3, "boot": 3 + 4 + 3}
# Where a client is killed.  Before a read nothing is different from after the call before it.
KILLS = {
    "after call": {"effect": "kill-after"},
    "before write": {"effect": "kill-before", "writes": True},
    "after write": {"effect": "kill-after", "writes": True},
}
FAULTS = (
    {"effect": "throttle", "chance": 0.20},
    {"effect": "fail", "chance": 0.05},
    {"effect": "lose", "chance": 0.05},
    {"effect": "reset", "chance": 0.02},
)


@dataclasses.dataclass(frozen=True)
class Scene:
    """A command that is disturbed, and what there is before and after it."""

    name: str
    cluster: Cluster
    # The clusters to apply before it, in an empty account.
    before: tuple
    # What does it, given a world and its options.
    command: typing.Callable
    # What has to be there afterwards; also what an apply must leave, of the cluster in `planned`.
    expected: list
    planned: Cluster | None
    # The command when nothing goes wrong.
    ended: object = None

    def prepare(self, world):
        world.reset()
        for cluster in self.before:
            world.apply(cluster, expect=(0,))


@dataclasses.dataclass
class Result:
    """One run of a campaign."""

    campaign: str
    cluster: str
    case: str
    struck: bool = True
    # Commands that it took until one succeeded, the disturbed one included.
    commands: int = 0
    difference: Difference | None = None
    broken: str = ""

    @property
    def good(self):
        return not self.broken and not self.difference


def scenes(world, cluster):
    """The creation, change and deletion of a cluster, as they are without a fault.  Two lives must leave the same: otherwise
    the snapshot holds something that chance decides, and comparing says nothing."""
    lives = []
    for _ in range(2):
        world.reset()
        empty = world.account.snapshot()
        create = world.apply(cluster, expect=(0,))
        made = world.account.snapshot()
        world.plan(cluster, expect=(0,))
        change = world.apply(cluster.changed, expect=(0,))
        changed = world.account.snapshot()
        world.plan(cluster.changed, expect=(0,))
        delete = world.delete(cluster, expect=(0,))
        if left := Difference(empty, world.account.snapshot()):
            raise Broken(f"a deletion without faults leaves something\n{left}")
        if wrong := world.keys():
            raise Broken(wrong)
        lives.append((made, changed))
    for first, second in zip(*lives, strict=True):
        if difference := Difference(first, second):
            raise Broken(f"two runs without faults differ\n{difference}")
    world.reset()
    world.apply(cluster, expect=(0,))
    delete = world.delete(cluster, expect=(0,))

    def apply(world, **options):
        return world.apply(cluster, **options)

    def alter(world, **options):
        return world.apply(cluster.changed, **options)

    def remove(world, **options):
        return world.delete(cluster, **options)

    return {
        "apply": Scene("apply", cluster, (), apply, made, cluster, create),
        "change": Scene("change", cluster, (cluster,), alter, changed, cluster.changed, change),
        "delete": Scene("delete", cluster, (cluster,), remove, empty, None, delete),
    }


def finish(world, scene, result):
    """What has to be true after the last command."""
    result.difference = Difference(scene.expected, world.account.snapshot())
    result.broken = world.keys()
    if scene.planned:
        planned = world.plan(scene.planned, expect=(0, 2))
        if planned.code:
            result.broken = f"planning again finds changes\n{planned.output[-4000:]}"
    return result


def killed(world, scene, where, number):
    """A command that is killed at a call, and another one."""
    result = Result(f"{scene.name} killed {where}", scene.cluster.letter, str(number), commands=2)
    scene.prepare(world)
    first = scene.command(world, rules=[{**KILLS[where], "nth": number}], expect=(0, -9))
    result.struck = first.killed
    if result.struck:
        scene.command(world, expect=(0,))
    return finish(world, scene, result)


def killed_again(world, scene, where, number):
    """Commands that are killed one after the other, each at its write of the number, and a last one.  What all commands write
    into a state store first is not counted: who is killed there each time never gets anywhere, and waits for leases meanwhile."""
    result = Result(f"every {scene.name} killed {where} {number}", scene.cluster.letter, str(number))
    scene.prepare(world)
    nth = number + BOOKKEEPING[world.args.store]
    seen, still = world.account.snapshot(), 0
    for result.commands in range(1, scene.ended.calls + 2):
        ended = scene.command(world, rules=[{**KILLS[where], "nth": nth}], expect=(0, -9))
        if not ended.killed:
            break
        before, seen = seen, world.account.snapshot()
        still = 0 if Difference(before, seen) else still + 1
        if still == STANDSTILL:
            raise Broken(f"{result.commands} commands were killed, the last {still} of them without getting further")
    return finish(world, scene, result)


def undone(world, creation, deletion, where, number):
    """A deletion that is killed at a call, and an apply that makes the cluster whole again."""
    result = Result(f"delete killed {where}, then apply", deletion.cluster.letter, str(number), commands=2)
    deletion.prepare(world)
    first = deletion.command(world, rules=[{**KILLS[where], "nth": number}], expect=(0, -9))
    result.struck = first.killed
    creation.command(world, expect=(0,))
    return finish(world, creation, result)


def lost(world, scene, action, occurrence):
    """A command that does not get the answer to one call; a second one if the first one gives up."""
    service, name = action.split(":", 1)
    # A path has no patterns in it but the one that stands for an id.
    rule = {"effect": "lose", "service": service, "action": name.replace("*", "[*]"), "nth": occurrence}
    result = Result(scene.name, scene.cluster.letter, f"{action} #{occurrence}", commands=1)
    scene.prepare(world)
    first = scene.command(world, rules=[rule], expect=(0, 1))
    result.struck = bool(first.struck)
    if first.code:
        result.commands = 2
        scene.command(world, expect=(0,))
    return finish(world, scene, result)


def faulty(world, scene, seed):
    """Commands until one succeeds while any call may go wrong."""
    result = Result(scene.name, scene.cluster.letter, f"seed {seed}")
    scene.prepare(world)
    for result.commands in range(1, ATTEMPTS + 1):
        ended = scene.command(world, rules=FAULTS, seed=seed * ATTEMPTS + result.commands, expect=(0, 1))
        if ended.code == 0:
            return finish(world, scene, result)
    raise Broken(f"{ATTEMPTS} commands in a row failed\n{ended.output[-6000:]}")
