"""Takes psql and the library that it needs out of the wheel in a folder, and the wheel away: unpack_psql.py FOLDER"""

import io
import pathlib
import sys
import tarfile
import zipfile

folder = pathlib.Path(sys.argv[1])
(wheel,) = folder.glob("*.whl")
with zipfile.ZipFile(wheel) as packed:
    (name,) = [name for name in packed.namelist() if name.endswith(".tar.gz")]
    with tarfile.open(fileobj=io.BytesIO(packed.read(name))) as files:
        for member in files:
            # Below a folder of the release's name.
            member.name = member.name.partition("/")[2]
            if member.name == "bin/psql" or member.name.startswith("lib/libpq.so"):
                files.extract(member, folder)
wheel.unlink()
