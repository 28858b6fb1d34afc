"""List the public symbols that are not documented or have no example whose output a reader sees; exit 1 where there are any.

    python .ci/symbols.py [part of a page's path ...]

A public symbol is a function or class of an `#| export` or `#| exports` cell whose name has no leading underscore, or a public method given by `@patch`.
It needs a docstring (a method may inherit it), a comment (docment) after each parameter, an annotation where it returns something, and an
example: a cell that is neither exported nor hidden, names it and has an output. Callback events and methods that redefine a documented one
of their base need no example of their own."""
import ast, importlib, inspect, json, re, sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
skip = {'runs', 'data', '_proc'}

def pages():
    "Every notebook of the package."
    for p in sorted((root/'nbs').rglob('*.ipynb')):
        r = p.relative_to(root/'nbs')
        if not any(o.startswith(('.', '_')) for o in r.parts) and not (r.parts[0] == 'tutorials' and r.parts[1] in skip): yield r, json.loads(p.read_text(encoding='utf-8'))['cells']

def source(cell): return ''.join(cell['source'])
def directive(cell, *words): return re.search(rf"^#\s*\|\s*({'|'.join(words)})\b", source(cell), re.M)
def shown(cell): return cell['cell_type'] == 'code' and cell['outputs'] and not directive(cell, 'export', 'exports', 'exporti', 'hide')
def output_text(cell): return ' '.join(str(o.get('text', '')) + str(o.get('data', {}).get('text/plain', '')) for o in cell['outputs'])

def commented(arg, lines):
    "Is there a comment after this parameter on its line?"
    return '#' in lines[arg.end_lineno-1][arg.end_col_offset:]

def params(f, method):
    "Parameters that need a comment."
    args = f.args.posonlyargs + f.args.args
    return args[1 if method else 0:] + f.args.kwonlyargs

def returns_value(f):
    "Does the function itself, not one inside it, return something?"
    def walk(n):
        for c in ast.iter_child_nodes(n):
            if isinstance(c, (ast.FunctionDef, ast.Lambda, ast.ClassDef)): continue
            if isinstance(c, ast.Return) and c.value is not None: return True
            if walk(c): return True
        return False
    return walk(f)

def patched(f):
    "Name of the class that `@patch` gives this function to, or None."
    deco = [ast.unparse(d) for d in f.decorator_list]
    if not any(d.startswith('patch') for d in deco): return None
    ann = f.args.args[0].annotation if f.args.args else None
    return re.findall(r'\w+', ast.unparse(ann))[0] if ann is not None else None

def events():
    "Names of fastai's callback events."
    from fastai.callback.core import event
    return {o for o in vars(event).values() if isinstance(o, str)} | {'after_cancel_step', 'state_dict', 'load_state_dict', 'forward', 'train'}

def inherited(module, cls, name):
    "Is the method documented by a base class?"
    c = getattr(importlib.import_module(module), cls, None)
    return c is not None and any(inspect.getdoc(b.__dict__[name]) for b in c.__mro__[1:] if name in b.__dict__)

def lacks(f, lines, method):
    "What the signature lacks."
    miss = [a.arg for a in params(f, method) if not commented(a, lines)]
    if f.returns is None and returns_value(f): miss.append('return annotation')
    return [f"no comment for {', '.join(miss)}"] if miss else []

def check(node, lines, module, example, free):
    "Name and faults of one function or class."
    owner = patched(node) if isinstance(node, ast.FunctionDef) else None
    faults, name = [], f'{owner}.{node.name}' if owner else node.name
    base = bool(owner) and (node.name in free or inherited(module, owner, node.name))
    if not ast.get_docstring(node) and not (base and node.name not in free): faults.append('no docstring')
    init = node if isinstance(node, ast.FunctionDef) else next((m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == '__init__'), None)
    if init is not None and not base: faults += lacks(init, lines, bool(owner) or init is not node)
    if isinstance(node, ast.ClassDef):
        bare = [m.name for m in node.body if isinstance(m, ast.FunctionDef) and m.name[0] != '_' and not ast.get_docstring(m) and not inherited(module, node.name, m.name)]
        if bare: faults.append(f"methods without docstring: {', '.join(bare)}")
    if not base and not example(node.name, owner, isinstance(node, ast.ClassDef)): faults.append('no example with an output')
    return name, faults

def main(only=()):
    all_pages = list(pages()); free = events()
    seen = [source(c) for _,cells in all_pages for c in cells if shown(c)]
    text = ' '.join(output_text(c) for _,cells in all_pages for c in cells if shown(c))
    def example(name, owner, is_class):
        word = re.compile((r'\.' if owner else r'\b') + rf'{name}\b')
        return any(word.search(o) for o in seen) or (is_class and re.search(rf'\b{name}\b', text))
    n = bad = 0
    for page,cells in all_pages:
        code = [c for c in cells if c['cell_type'] == 'code']
        module = next((m.group(1) for c in code if (m := re.search(r'^#\|\s*default_exp\s+(\S+)', source(c), re.M))), None)
        if module is None: continue
        for c in code:
            if not re.search(r'^#\s*\|\s*exports?\s*$', source(c), re.M): continue
            lines = source(c).split('\n')
            for node in ast.parse(source(c)).body:
                if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or node.name.startswith('_'): continue
                name, faults = check(node, lines, f'sslus.{module}', example, free); n += 1
                if faults and (not only or any(o in str(page) for o in only)): bad += 1; print(f"{page}: {name}: {'; '.join(faults)}")
    print(f'{n} public symbols, {bad} with something missing', file=sys.stderr)
    return bad

if __name__ == '__main__': sys.exit(1 if main(sys.argv[1:]) else 0)
