#!/usr/bin/env python3
"""Stands for the programs of an instance: does what they do to a folder that stands for its file system.

It is called under the name of the program. What has to last between calls is in `fake/state.json` of the folder. The process
that called it is killed after the call whose number `KEDGE_FAKE_KILL` says.
"""

import datetime
import json
import os
import signal
import sys

ROOT = os.environ["KEDGE_FAKE_ROOT"]
STATE = os.path.join(ROOT, "fake/state.json")
NAME, ARGS = os.path.basename(sys.argv[0]), sys.argv[1:]


def path(name):
    return os.path.join(ROOT, name.lstrip("/"))


def read(name):
    with open(path(name)) as file:
        return file.read()


def write(name, text, mode=0o600):
    os.makedirs(os.path.dirname(path(name)), exist_ok=True)
    with open(path(name), "w") as file:
        file.write(text)
    os.chmod(path(name), mode)


def load():
    try:
        with open(STATE) as file:
            return json.load(file)
    except FileNotFoundError:
        return {"calls": [], "enabled": [], "active": [], "held": [], "packages": {}, "disk": {}, "made": 0}


def save(state):
    with open(STATE + ".new", "w") as file:
        json.dump(state, file, indent=1, sort_keys=True)
    os.replace(STATE + ".new", STATE)


def add(values, value):
    if value not in values:
        values.append(value)
        values.sort()


def systemctl(state):
    verb, unit = ARGS[0], ARGS[-1]
    if verb == "is-enabled":
        return 0 if unit in state["enabled"] else 1
    if verb == "is-active":
        return 0 if unit in state["active"] else 3
    if verb == "enable":
        add(state["enabled"], unit)
    if verb in ("start", "restart"):
        if unit.endswith(".mount"):
            text = read("/etc/systemd/system/" + unit)
            assert "by-uuid/" + state["disk"]["UUID"] in text
            os.makedirs(path(text.split("Where=")[1].split("\n")[0]), exist_ok=True)
        add(state["active"], unit)
    if verb == "stop" and unit in state["active"]:
        state["active"].remove(unit)
    return 0


def dpkg_query(state):
    for name in ARGS[3:]:
        if name in state["packages"]:
            print("%s\t%s\tinstalled" % (name, state["packages"][name]))
    return 1


def apt_get(state):
    if "install" in ARGS:
        assert os.path.exists(path("/etc/apt/sources.list.d/kedge-kubernetes.list"))
        for word in ARGS[ARGS.index("install") + 1 :]:
            name, _, version = word.partition("=")
            state["packages"][name] = version.replace("*", "1.1") or "1"
    return 0


def apt_mark(state):
    if ARGS[0] == "showhold":
        print("\n".join(state["held"]))
    for name in ARGS[1:]:
        add(state["held"], name)
    return 0


def curl(_):
    if "--head" in ARGS:
        now = datetime.datetime.now(datetime.timezone.utc)
        print("HTTP/1.1 403 Forbidden\r\nDate: %s\r\n\r" % now.strftime("%a, %d %b %Y %H:%M:%S GMT"))
        return 0
    with open(os.environ["KEDGE_FAKE_KEY"]) as file:
        assert ARGS[-1].endswith("/deb/Release.key"), ARGS
        write(ARGS[ARGS.index("--output") + 1], file.read())
    return 0


def blkid(state):
    for key, value in state["disk"].items():
        print("%s=%s" % (key, value))
    return 0 if state["disk"] else 2


def mkfs(state):
    assert not state["disk"], "data would be formatted away"
    state["disk"] = {"TYPE": "ext4", "UUID": "1-2-3"}
    with open(path(ARGS[-1]), "r+b") as disk:
        disk.write(b"a filesystem")
    return 0


def kubeadm(state):
    pki = "/etc/kubernetes/pki"
    if ARGS[:3] == ["init", "phase", "certs"] and ARGS[3] == "etcd-healthcheck-client":
        for ending in ("crt", "key"):
            write("%s/etcd/healthcheck-client.%s" % (pki, ending), read("/fake/client." + ending))
    elif ARGS[:2] == ["init", "--config"]:
        assert "advertiseAddress: 127.0.0.1" in read(ARGS[2])
        for name in ("ca", "etcd/ca", "front-proxy-ca", "sa"):
            assert "PRIVATE KEY" in read("%s/%s.key" % (pki, name))
        write("/etc/kubernetes/admin.conf", read("/fake/admin.conf"))
        write("/etc/kubernetes/kubelet.conf", read("/fake/admin.conf"))
        write("/var/lib/etcd/member/made", "x")
        write("/fake/api-is-up", "")
        add(state["active"], "kubelet.service")
        state["made"] += 1
    elif ARGS[:2] == ["join", "--config"]:
        discovery = json.loads(read("/etc/kubernetes/discovery.conf"))
        assert discovery["users"][0]["user"]["token"] == os.environ["KEDGE_FAKE_TOKEN"]
        assert "kind: JoinConfiguration" in read(ARGS[2])
        # The kubelet writes the one when it begins to ask, and the other when it has been given a certificate.
        write("/etc/kubernetes/kubelet.conf", "joined")
        write("/var/lib/kubelet/pki/kubelet-client-current.pem", "a certificate")
        add(state["active"], "kubelet.service")
    return 0


PROGRAMS = {
    "apt-get": apt_get,
    "apt-mark": apt_mark,
    "blkid": blkid,
    "curl": curl,
    "dpkg-query": dpkg_query,
    "kubeadm": kubeadm,
    "mkfs.ext4": mkfs,
    "systemctl": systemctl,
}


def main():
    state = load()
    state["calls"].append(" ".join([NAME] + ARGS))
    code = PROGRAMS.get(NAME, lambda _: 0)(state)
    save(state)
    if len(state["calls"]) == int(os.environ.get("KEDGE_FAKE_KILL", "0")):
        os.kill(os.getppid(), signal.SIGKILL)
    return code


if __name__ == "__main__":
    sys.exit(main())
