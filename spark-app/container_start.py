"""Starts a Spark process in its container.

`container_start.py COMMAND...` sets up what Compose cannot express, then becomes COMMAND.

For the driver it sets proxies and a trust store with the certificates of /run/secrets/private-ca:
Ivy takes these only from the JVM's own options. For driver and worker it sets the permissions of
new files.

`container_start.py --hand-over UID:GID`, run by root, gives the output folder that Docker has just
created to its user.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Mapping, Optional
from urllib.parse import urlsplit

# The checkout: the owner of this file runs the stack.
APP = Path(__file__).parent
OUTPUT = Path("/opt/spark-output")
PRIVATE_CA = Path("/run/secrets/private-ca")
# In the volume of Ivy's cache, so that the store is made only once.
TRUST_STORES = Path("/var/tmp")
# Java's default password; the content is public.
TRUST_STORE_PASSWORD = "changeit"
#: Hosts that Java reaches without a proxy by default; a given list replaces them.
JAVA_DIRECT_HOSTS = ("localhost", "127.*", "[::1]")
CONNECT_TIMEOUT_MS = 15_000
READ_TIMEOUT_MS = 60_000

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----")


def main(arguments: list[str]) -> None:
    if arguments[0] == "--hand-over":
        uid, gid = map(int, arguments[1].split(":"))
        hand_over(OUTPUT, uid, gid, APP.stat())
        return
    # An empty value counts as unset; Spark would take it for a malformed one.
    environment = {name: value for name, value in os.environ.items() if value != ""}
    is_driver = Path(arguments[0]).name == "spark-submit"
    java_options = java_network_options(environment) if is_driver else []
    if is_driver and not os.access(OUTPUT, os.W_OK | os.X_OK):
        sys.exit(
            f"[spark-streaming] OUTPUT_DIR is not writable for uid {os.getuid()}, as which Spark runs. "
            "Set OUTPUT_UID and OUTPUT_GID in .env to its owner's (id -u, id -g), or name another OUTPUT_DIR."
        )
    if is_shared(os.getuid(), APP.stat().st_uid):
        # Hadoop sets the permissions of some files itself, by a mask of its own.
        os.umask(0)
        java_options.append("-Dspark.hadoop.fs.permissions.umask-mode=000")
    if is_driver:
        java_options += trust_options(PRIVATE_CA, TRUST_STORES)
        environment["SPARK_SUBMIT_OPTS"] = " ".join(java_options)
    os.execvpe(arguments[0], arguments, environment)


def is_shared(uid: int, owner: int) -> bool:
    """Whether outputs need permissions for everybody, because a user other than their owner has to
    be able to delete them. Root always can.
    """
    return owner not in (0, uid)


def hand_over(output: Path, uid: int, gid: int, checkout: os.stat_result) -> None:
    """Lets uid and the owner of the checkout write into an empty output folder. Other folders are
    not changed.
    """
    if output.stat().st_uid == uid or any(output.iterdir()):
        return
    if is_shared(uid, checkout.st_uid):
        output.chmod(0o777)
        uid, gid = checkout.st_uid, checkout.st_gid
    os.chown(output, uid, gid)


def java_network_options(environment: Mapping[str, str]) -> list[str]:
    """Timeouts for downloads, of which Java has none by default, and the proxies of HTTPS_PROXY,
    HTTP_PROXY and NO_PROXY. A proxy's password is not passed on: command lines are public on a
    machine. Source: "Networking Properties" of the Java platform.
    """
    options = [
        f"-Dsun.net.client.defaultConnectTimeout={CONNECT_TIMEOUT_MS}",
        f"-Dsun.net.client.defaultReadTimeout={READ_TIMEOUT_MS}",
    ]
    proxies = [
        option
        for scheme in ("https", "http")
        for option in _proxy_options(scheme, environment.get(f"{scheme.upper()}_PROXY"))
    ]
    direct = [host.strip() for host in environment.get("NO_PROXY", "").split(",") if host.strip()]
    if proxies and direct:
        patterns = [pattern for host in direct for pattern in _non_proxy_patterns(host)]
        hosts = "|".join(dict.fromkeys([*patterns, *JAVA_DIRECT_HOSTS]))
        proxies.append(f"-Dhttp.nonProxyHosts={hosts}")
    return options + proxies


def _non_proxy_patterns(host: str) -> list[str]:
    """A name also stands for the domain below it, as in other tools."""
    if host == "*":
        return [host]
    return [f"*{host}"] if host.startswith(".") else [host, f"*.{host}"]


def _proxy_options(scheme: str, proxy: Optional[str]) -> list[str]:
    if not proxy:
        return []
    url = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    if not url.hostname:
        return []
    port = url.port or (443 if url.scheme == "https" else 80)
    return [f"-D{scheme}.proxyHost={url.hostname}", f"-D{scheme}.proxyPort={port}"]


def trust_options(bundle: Path, folder: Path) -> list[str]:
    """Options for a trust store with Java's own certificates and the bundle's; none without a
    bundle.
    """
    text = bundle.read_text() if bundle.exists() else ""
    if not text.strip():
        return []
    if not _PEM.search(text):
        sys.exit("[spark-streaming] NODE_EXTRA_CA_CERTS (or SSL_CERT_FILE, PIP_CERT) names a file without certificates.")
    store = folder / f"trust-{hashlib.sha256(text.encode()).hexdigest()[:32]}.jks"
    if not store.exists():
        own = subprocess.run(
            ["keytool", "-list", "-rfc", "-cacerts", "-storepass", TRUST_STORE_PASSWORD],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
        temporary = store.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(trust_store(_certificates(own + text)))
        temporary.replace(store)
    return [
        f"-Djavax.net.ssl.trustStore={store}",
        "-Djavax.net.ssl.trustStoreType=JKS",
        f"-Djavax.net.ssl.trustStorePassword={TRUST_STORE_PASSWORD}",
    ]


def _certificates(text: str) -> list[bytes]:
    return [base64.b64decode(body) for body in _PEM.findall(text)]


def trust_store(certificates: list[bytes]) -> bytes:
    """A key store of format JKS with certificates (DER), each once. `keytool` would take a JVM
    start for each. Source of the format: sun.security.provider.JavaKeyStore in OpenJDK.
    """
    by_hash = {hashlib.sha256(der).hexdigest(): der for der in certificates}
    content = struct.pack(">III", 0xFEEDFEED, 2, len(by_hash))
    for alias, der in by_hash.items():
        # Tag of a trusted certificate, alias, time of creation, kind, the certificate.
        content += struct.pack(">I", 2) + _utf(alias) + bytes(8) + _utf("X.509") + struct.pack(">I", len(der)) + der
    password = TRUST_STORE_PASSWORD.encode("utf-16-be")
    return content + hashlib.sha1(password + b"Mighty Aphrodite" + content).digest()


def _utf(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode("ascii")


if __name__ == "__main__":
    main(sys.argv[1:])
