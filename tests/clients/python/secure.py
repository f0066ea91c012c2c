"""Servers that demand TLS and a password, for the features `tls` and `scram`: the certificates, and what each server is told."""

import os
import pathlib
import pwd
import shutil
import subprocess

USER, PASSWORD = "secret", "pencil é"


def certificates(folder):
    """A certificate authority and a server's certificate for 127.0.0.1; the folder they are in."""
    made = pathlib.Path(folder) / "tls"
    made.mkdir()

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=made, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *key, "-days", "2", "-subj", "/CN=Authority of the tests", "-keyout", "ca.key", "-out", "ca.crt")
    openssl("req", *key, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    (made / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.crt")
    return made


def postgres(tls, data, run_sql):
    """Makes a running cluster of the folder `data` demand TLS and a password of one role; others come in as before."""
    for name in ("server.crt", "server.key"):
        there = data / name
        shutil.copy(tls / name, there)
        there.chmod(0o600)
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(there, owner.pw_uid, owner.pw_gid)
    # Who is not named is refused as one that does not exist.
    (data / "pg_hba.conf").write_text(
        f"host all postgres,reader,tester,me 127.0.0.1/32 trust\nhostssl all {USER},nobody 127.0.0.1/32 scram-sha-256\n"
    )
    run_sql("-d", "postgres", "-c", f"create role {USER} login in role reader password '{PASSWORD}'")
    run_sql("-d", "postgres", "-c", "alter system set ssl = on")
    run_sql("-d", "postgres", "-c", "select pg_reload_conf()")


def stoa(tls, folder, binary, env):
    """The options of a server that demands both."""
    users = folder / "roles"
    subprocess.run([binary, "user", "add", USER, "--users", str(users), "--password-stdin"], input=PASSWORD + "\n", text=True, check=True, capture_output=True, env=env)
    return ["--users", str(users), "--tls-cert", str(tls / "server.crt"), "--tls-key", str(tls / "server.key"), "--tls", "require"]


def environment(tls, port):
    """What clients are told of it."""
    return {"SECURE_PORT": str(port), "SECURE_USER": USER, "SECURE_PASSWORD": PASSWORD, "SECURE_ROOTCERT": str(tls / "ca.crt")}
