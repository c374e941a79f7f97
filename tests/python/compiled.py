# SPDX-License-Identifier: Apache-2.0
"""Programs in C that tests compile."""
import os
import subprocess


def compile_to(program, command):
    """Runs the compiler, with `-o` behind its command; the program is there whole or not at all, since tests run side by side."""
    partial = program.with_name(f"{program.name}.{os.getpid()}.part")
    program.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([*command, "-o", partial], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    os.replace(partial, program)
    return program
