"""What the house looks like: rooms, order of imports, circles, private names, parameters, tokens, long lines.

Prints the measures and fails where one is above its ceiling, or where a name that users type is gone.
Ceilings only fall: `python .ci/house.py --lower` writes today's measures where they are below.
All tokens together are counted and have no ceiling, for what the package can do adds to them: how dense the code is, has.
Tokens are those of `tokenize` without comments and line ends; lines those that are neither blank nor comment.
"""

import argparse
import ast
import io
import json
import re
import sys
import tempfile
import tokenize
from bisect import bisect_left
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CEILINGS = Path(__file__).with_name('house.json')
ROOMS = [o for o in json.loads(CEILINGS.read_text())['rooms']]
KINDS = (
    'imports against the order',
    'circles',
    'private imports',
    'private attributes of other modules',
    'private names with several meanings',
    'functions of more than 10 parameters',
    'functions of more than 14 parameters',
    'patches of foreign classes',
    'names defined twice in a file',
)
LEFT_OUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING, tokenize.ENDMARKER}


class Module:
    "One exported file: its name below the package, its tree, and its code without comments."

    def __init__(self, path, package):
        self.path = path
        self.name = '.'.join(path.relative_to(package).with_suffix('').parts)
        self.room = self.name.split('.')[0]
        self.text = path.read_text()
        self.tree = ast.parse(self.text)
        self.tokens = [o for o in tokenize.generate_tokens(io.StringIO(self.text).readline) if o.type not in LEFT_OUT]
        self.lines = sorted({i for o in self.tokens for i in range(o.start[0], o.end[0] + 1) if o.string})

    def imported(self, names):
        "(module, name) of every import from the package, also inside functions."
        here = self.name.split('.')[:-1]
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.ImportFrom):
                continue
            words = (node.module or '').split('.')
            if node.level:
                base = here[: len(here) - node.level + 1] + words
            elif words[0] == 'sslus':
                base = words[1:]  # nbdev leaves these as they are inside functions
            else:
                continue
            base = '.'.join(o for o in base if o)
            for alias in node.names:
                inner = f'{base}.{alias.name}'.strip('.')
                yield (inner, None) if inner in names else (base, alias.name)

    def defined(self):
        "Names that stand at the top of the file, but those that were imported or patched onto a class."
        for node in self.tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                if not is_patch(node):
                    yield node.name
            elif isinstance(node, ast.Assign):
                yield from (o.id for target in node.targets for o in ast.walk(target) if isinstance(o, ast.Name))
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                yield node.target.id

    def functions(self):
        return [o for o in ast.walk(self.tree) if isinstance(o, (ast.FunctionDef, ast.Lambda))]


def is_patch(node):
    "Does fastcore's `patch` put this function onto a class?"
    words = [ast.unparse(o) for o in getattr(node, 'decorator_list', [])]
    return any(o == 'patch' or o.startswith('patch(') for o in words)


def is_private(name):
    return name.startswith('_') and not name.startswith('__') and not name.endswith('_')  # _repr_html_ is Jupyter's


def private_attributes(module):
    "Private methods and attributes of the classes that a module defines or patches."
    for node in module.tree.body:
        if isinstance(node, ast.FunctionDef) and is_patch(node) and is_private(node.name):
            yield node.name
    for cls in (o for o in ast.walk(module.tree) if isinstance(o, ast.ClassDef)):
        for node in cls.body:
            if isinstance(node, ast.FunctionDef) and is_private(node.name):
                yield node.name
            elif isinstance(node, ast.Assign):
                yield from (
                    o.id for target in node.targets for o in ast.walk(target)
                    if isinstance(o, ast.Name) and is_private(o.id)
                )
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_private(node.attr):
            if isinstance(node.value, ast.Name) and node.value.id == 'self':
                yield node.attr


def foreign_attributes(module):
    "Private attributes that a module asks of something that is not `self`, `cls` or a module."
    imported = {o.asname or o.name for node in ast.walk(module.tree) if isinstance(node, ast.Import) for o in node.names}
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Attribute) or not is_private(node.attr):
            continue
        if isinstance(node.value, ast.Name) and node.value.id in {'self', 'cls', *imported}:
            continue
        yield node.attr, f'{module.name}: {ast.unparse(node)}'


def n_parameters(node):
    a = node.args
    own = [o for o in a.posonlyargs + a.args + a.kwonlyargs if o.arg not in ('self', 'cls')]
    return len(own)


def body_tokens(module):
    "Tokens of the body of each function, without its docstring; those of a function inside count for both."
    starts = [o.start for o in module.tokens]
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        if body:
            first = body[0].lineno, body[0].col_offset
            last = body[-1].end_lineno, body[-1].end_col_offset
            yield bisect_left(starts, last) - bisect_left(starts, first)


def circles(arrows):
    "Groups of modules that import one another (strongly connected components, Tarjan 1972)."
    index, low, stack, found = {}, {}, [], []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        for w in arrows[v]:
            if w not in index:
                visit(w)
            if w in stack:
                low[v] = min(low[v], low[w])
        if low[v] != index[v]:
            return
        group = stack[stack.index(v) :]
        del stack[stack.index(v) :]
        if len(group) > 1:
            found.append(sorted(group))

    for v in sorted(arrows):
        if v not in index:
            visit(v)
    return found


def foreign_patches(module):
    "Functions that are patched onto a class of another file."
    own = {o.name for o in module.tree.body if isinstance(o, ast.ClassDef)}
    for node in module.tree.body:
        if not isinstance(node, ast.FunctionDef) or not is_patch(node) or not node.args.args:
            continue
        target = node.args.args[0].annotation
        if target is not None and ast.unparse(target) not in own:
            yield f'{ast.unparse(target)}.{node.name}'


def defined_twice(module):
    "Functions and classes that a later definition of the same file replaces; patches of different classes are different."
    met = set()
    for node in module.tree.body:
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            continue
        owner = node.args.args[0].annotation if is_patch(node) and node.args.args else None
        name = node.name if owner is None else f'{ast.unparse(owner)}.{node.name}'
        if name in met:
            yield name
        met.add(name)


def assertions(root):
    "Assertions of all notebooks: `assert` and fastcore's tests."
    words = re.compile(r'^\s*(?:assert\b|test_\w+\(|with expect_fail)|[;:]\s*(?:assert\b|test_\w+\()', re.M)
    n = 0
    for path in sorted((root / 'nbs').rglob('*.ipynb')):
        if any(o.startswith(('.', '_')) for o in path.relative_to(root).parts):
            continue
        for cell in json.loads(path.read_text())['cells']:
            if cell['cell_type'] == 'code':
                n += len(words.findall(''.join(cell['source'])))
    return n


def names_in_all(root):
    "Names that `from sslus.all import *` brings, by importing it."
    sys.path.insert(0, str(root))
    space = {}
    exec('from sslus.all import *', space)
    return sorted(o for o in space if not o.startswith('__'))


def other_meanings(names):
    "Names of ours that stand for something else in `fastai.vision.all`."
    import fastai.vision.all as theirs
    import sslus.all as ours

    return [o for o in names if hasattr(theirs, o) and getattr(theirs, o) is not getattr(ours, o)]


def measure(root):
    "(numbers, findings, rooms): what is counted in the code, and the places behind each number."
    package = root / 'sslus'
    paths = [o for o in sorted(package.rglob('*.py')) if o.name not in ('_modidx.py', '__init__.py')]
    modules = [Module(o, package) for o in paths]
    names = {o.name for o in modules}
    order = {room: i for i, room in enumerate(ROOMS)}
    arrows, found, homes = defaultdict(set), defaultdict(list), defaultdict(set)
    bodies = []
    tokens = lines = long_lines = 0
    for m in modules:
        arrows[m.name]
        bodies += body_tokens(m)
        tokens += len(m.tokens)
        lines += len(m.lines)
        text = m.text.splitlines()
        long_lines += sum(len(text[i - 1]) > 120 for i in m.lines)
        found['largest file, lines of code'].append((len(m.lines), m.name))
        for other, name in m.imported(names):
            if other not in names:
                continue
            arrows[m.name].add(other)
            if name and name.startswith('_') and not name.startswith('__'):
                found['private imports'].append(f'{m.name} <- {other}.{name}')
            theirs = other.split('.')[0]
            if order.get(theirs, -1) > order.get(m.room, len(ROOMS)):
                found['imports against the order'].append(f'{m.name} <- {other}')
        for name in set(m.defined()):
            if name.startswith('_') and not name.startswith('__') and name != '_':
                homes[name].add(m.name)
        for node in m.functions():
            n = n_parameters(node)
            where = f'{m.name}.{getattr(node, "name", "lambda")} {n}'
            if n > 10:
                found['functions of more than 10 parameters'].append(where)
            if n > 14:
                found['functions of more than 14 parameters'].append(where)
        found['patches of foreign classes'] += [f'{m.name}: {o}' for o in foreign_patches(m)]
        found['names defined twice in a file'] += [f'{m.name}: {o}' for o in defined_twice(m)]
    owners = defaultdict(set)
    for m in modules:
        for name in private_attributes(m):
            owners[name].add(m.name)
    for m in modules:
        found['private attributes of other modules'] += [
            where for name, where in foreign_attributes(m) if owners[name] and m.name not in owners[name]
        ]
    found['circles'] = [' <-> '.join(o) for o in circles(arrows)]
    found['private names with several meanings'] = [
        f'{k}: {", ".join(sorted(v))}' for k, v in sorted(homes.items()) if len(v) > 1
    ]
    bodies.sort()
    sizes = sorted(found.pop('largest file, lines of code'), reverse=True)
    numbers = {
        'tokens': tokens,
        'tokens a line': round(tokens / lines, 2),
        'tokens of a function body, median': bodies[len(bodies) // 2],
        'tokens of a function body, 90 of 100': bodies[len(bodies) * 9 // 10],
        'lines over 120 characters, %': round(100 * long_lines / lines, 2),
        'largest file, lines of code': sizes[0][0],
        'files over 350 lines': sum(n > 350 for n, _ in sizes),
    }
    found['files over 350 lines'] = [f'{name} {n}' for n, name in sizes if n > 350]
    numbers |= {k: len(found[k]) for k in KINDS}
    rooms = defaultdict(lambda: [0, 0, 0])
    for m in modules:
        rooms[m.room][0] += 1
        rooms[m.room][1] += len(m.lines)
        rooms[m.room][2] += len(m.tokens)
    return numbers, found, dict(rooms)


def lost_names(root, frozen):
    "Frozen names that are gone, and methods that their class no longer has."
    here = set(names_in_all(root))
    space = {}
    exec('from sslus.all import *', space)
    lost = [o for o in frozen if o.split('.')[0] not in here]
    return lost + [
        o for o in frozen if '.' in o and o not in lost and not hasattr(space[o.split('.')[0]], o.split('.')[1])
    ]


WRONG = {
    'base/one.py': 'def _twice(): pass\ndef late():\n    from sslus.video.two import Two\n'
    'class One:\n    def _own(self): return self._own\n',
    'video/two.py': 'from ..base.one import _twice\nclass Two: pass\nclass Two: pass\ndef _twice(): pass\n'
    f'def many({", ".join(f"a{i}" for i in range(15))}): pass\n',
    'video/three.py': 'from fastcore.basics import patch\nfrom .two import Two\n@patch\ndef run(self:Two): pass\n'
    'def peek(one): return one._own\n',
}


def self_test():
    "Each fault of `WRONG` is found, once."
    with tempfile.TemporaryDirectory() as folder:
        for name, text in WRONG.items():
            file = Path(folder) / 'sslus' / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        found = measure(Path(folder))[1]
    wrong = [kind for kind in KINDS if len(found[kind]) != 1]
    for kind in wrong:
        print(f'{kind}: {found[kind]}, one is expected')
    print(f'{len(KINDS) - len(wrong)} of {len(KINDS)} kinds of fault found')
    return bool(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--lower', action='store_true', help='write the measures that are below their ceilings as the new ceilings'
    )
    parser.add_argument(
        '--show', metavar='MEASURE', help='list the places behind a measure (its first words are enough)'
    )
    parser.add_argument(
        '--self-test', action='store_true', help='find what is wrong with a small package that is wrong in every way'
    )
    args = parser.parse_args()
    stored = json.loads(CEILINGS.read_text())
    if args.self_test:
        return self_test()
    numbers, found, rooms = measure(ROOT)
    found['names in sslus.all'] = names_in_all(ROOT)
    found['names that fastai uses otherwise'] = other_meanings(found['names in sslus.all'])
    numbers |= {k: len(found[k]) for k in ('names in sslus.all', 'names that fastai uses otherwise')}
    numbers['assertions'] = assertions(ROOT)
    if args.show:
        for kind in found:
            if kind.startswith(args.show):
                print(f'{kind}:', *found[kind], sep='\n  ')
        return 0
    for room in [*ROOMS, *sorted(set(rooms) - set(ROOMS))]:
        if room in rooms:
            print(
                f'{room:<12}{rooms[room][0]:>4} files{rooms[room][1]:>7} lines{rooms[room][2]:>8} tokens {rooms[room][2]/max(rooms[room][1], 1):>6.1f} a line'
            )
    faults = []
    for kind, number in numbers.items():
        limit, goal = stored['limits'].get(kind), stored['goals'].get(kind)
        held = 'counted' if limit is None else f'limit {limit}, goal {goal}'
        print(f'{kind:<42}{number:>9}   {held}')
        worse = limit is not None and (number < limit if kind == 'assertions' else number > limit)
        if worse:
            faults.append(f'{kind}: {number}, the limit is {limit}. See `python .ci/house.py --show "{kind}"`')
    lost = lost_names(ROOT, stored['frozen'])
    if lost:
        faults.append(f'names that users type are gone: {", ".join(lost)}')
    if args.lower:
        stored['limits'] = {
            k: (max if k == 'assertions' else min)(v, stored['limits'].get(k, v))
            for k, v in numbers.items()
            if k != 'tokens'
        }
        CEILINGS.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + '\n')
    print(*(faults or ['house: within all limits']), sep='\n')
    return bool(faults)


if __name__ == '__main__':
    sys.exit(main())
