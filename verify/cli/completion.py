"""Scripts that complete commands and flags, made from the table of commands: one for bash, zsh and fish each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ufm.support.nearest_name import require_name
from verify.cli.flags import Flag, flags_of
from verify.cli.page import Command

SHELLS = ("bash", "zsh", "fish")
OWN = ("--help", "--verbose", "--quiet")
FIRST = ("--help", "--version", "--print-completion", "--verbose", "--quiet")


def script(shell: str, kinds: Mapping[str, type[Any]], table: Mapping[str, Command]) -> str:
    """The script, for the shell to read at its start; ValueError for another shell."""
    if not shell:
        raise ValueError(f"--print-completion takes the name of a shell: {', '.join(SHELLS)}")
    require_name("--print-completion", shell, SHELLS)
    flags = {name: list(flags_of(kind)) for name, kind in kinds.items()}
    lines = {name: command.line for name, command in table.items()}
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](flags, lines)


def _choices(flag: Flag) -> tuple[str, ...]:
    return flag.told.choices or (flag.type.choices if flag.type else ())


def _named(flags: list[Flag]) -> list[Flag]:
    return [flag for flag in flags if not flag.told.positional]


def _first_words(flags: list[Flag]) -> list[str]:
    return [word for flag in flags if flag.told.positional for word in _choices(flag)]


def _bash(commands: Mapping[str, list[Flag]], lines: Mapping[str, str]) -> str:
    cases = []
    for name, flags in commands.items():
        inner = []
        for flag in _named(flags):
            if words := _choices(flag):
                inner.append(f'            {flag.name}) words="{" ".join(words)}" ;;')
            elif flag.type is not None:
                inner.append(f"            {flag.name}) files=1 ;;")
        names = " ".join([flag.name for flag in _named(flags)] + list(OWN))
        cases += [
            f"    {name})",
            f'        flags="{names}"',
            f'        words="{" ".join(_first_words(flags))}"; files=1',
            '        case "$flag" in',
            *(line.replace('words="', 'files=0; words="') for line in inner),
            "        esac ;;",
        ]
    return "\n".join(
        [
            "# bash completion of ufm",
            "_ufm() {",
            '    local word="${COMP_WORDS[COMP_CWORD]}" command="" flag="" flags words files i',
            "    COMPREPLY=()",
            "    for ((i = 1; i < COMP_CWORD; i++)); do",
            '        case "${COMP_WORDS[i]}" in',
            '            --*) flag="${COMP_WORDS[i]}" ;;',
            "            -*) ;;",
            '            *) [ -n "$command" ] || command="${COMP_WORDS[i]}" ;;',
            "        esac",
            "    done",
            '    if [ "$flag" = --print-completion ]; then',
            f'        COMPREPLY=($(compgen -W "{" ".join(SHELLS)}" -- "$word")); return',
            "    fi",
            '    case "$command" in',
            *cases,
            f'    *) flags="{" ".join(FIRST)}"; words="{" ".join(commands)}"; files=0 ;;',
            "    esac",
            '    if [[ "$word" == -* ]]; then',
            '        COMPREPLY=($(compgen -W "$flags" -- "$word"))',
            "    else",
            '        COMPREPLY=($(compgen -W "$words" -- "$word"))',
            '        [ "$files" = 1 ] && COMPREPLY+=($(compgen -f -- "$word"))',
            "    fi",
            "    return 0",
            "}",
            "complete -o filenames -F _ufm ufm",
            "",
        ]
    )


def _zsh(commands: Mapping[str, list[Flag]], lines: Mapping[str, str]) -> str:
    cases = []
    for name, flags in commands.items():
        specs = [_zsh_flag(flag) for flag in _named(flags)]
        first = _first_words(flags)
        rest = f"'*:argument:{{compadd -- {' '.join(first)}; _files}}'"
        specs += [f"'{word}'" for word in OWN] + [rest if first else "'*:file:_files'"]
        cases += [f"    {name})", "      _arguments \\", *(f"        {spec} \\" for spec in specs[:-1])]
        cases += [f"        {specs[-1]} ;;"]
    return "\n".join(
        [
            "#compdef ufm",
            "# zsh completion of ufm",
            "_ufm() {",
            "  local -a commands",
            "  commands=(",
            *(f"    '{name}:{_zsh_quoted(line)}'" for name, line in lines.items()),
            "  )",
            "  if (( CURRENT == 2 )); then",
            "    _describe command commands",
            f"    compadd -- {' '.join(FIRST)}",
            "    return",
            "  fi",
            "  local command=$words[2]",
            "  shift words",
            "  (( CURRENT-- ))",
            '  case "$command" in',
            f"    --print-completion) compadd {' '.join(SHELLS)} ;;",
            *cases,
            "  esac",
            "}",
            'if [ "$funcstack[1]" = "_ufm" ]; then _ufm "$@"; else compdef _ufm ufm; fi',
            "",
        ]
    )


def _zsh_flag(flag: Flag) -> str:
    help_line = _zsh_quoted(_first_sentence(flag.help)).replace("[", "(").replace("]", ")")
    value = ""
    if flag.type is not None:
        words = _choices(flag)
        value = f":value:({' '.join(words)})" if words else ":value:_files"
    return f"'*{flag.name}[{help_line}]{value}'"


def _zsh_quoted(text: str) -> str:
    return text.replace("'", "’").replace(":", "\\:")


def _fish(commands: Mapping[str, list[Flag]], lines: Mapping[str, str]) -> str:
    script = ["# fish completion of ufm", "complete -c ufm -e", "complete -c ufm -f -n __fish_use_subcommand"]
    for name, line in lines.items():
        script.append(f"complete -c ufm -n __fish_use_subcommand -a {name} -d {_fish_quoted(line)}")
    script += [f"complete -c ufm -n __fish_use_subcommand -l {word[2:]}" for word in FIRST if word not in OWN]
    script += [f"complete -c ufm -l {word[2:]}" for word in OWN]
    script.append(f"complete -c ufm -n __fish_use_subcommand -l print-completion -x -a '{' '.join(SHELLS)}'")
    for name, flags in commands.items():
        inside = f"complete -c ufm -n '__fish_seen_subcommand_from {name}'"
        if first := _first_words(flags):
            script.append(f"{inside} -a '{' '.join(first)}'")
        for flag in _named(flags):
            line = f"{inside} -l {flag.name[2:]} -d {_fish_quoted(_first_sentence(flag.help))}"
            if words := _choices(flag):
                line += f" -x -a '{' '.join(words)}'"
            elif flag.type is not None:
                line += " -r"
            script.append(line)
    return "\n".join([*script, ""])


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _first_sentence(text: str) -> str:
    return text.split(". ")[0].rstrip(".")
