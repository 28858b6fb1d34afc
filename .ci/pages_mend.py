"""What nbdev's processed pages still need before Quarto renders them; each point was seen on the rendered site.

1. Cells that nbdev ran keep their times in `execution`; Quarto wraps such cells, and a heading in a wrapper is missing from "On this page".
2. A name's heading is of the second level, a method's of the third: Quarto's search knows pages by their headings of the second.
3. A cell that exports several names shows them in the order in which they are written; nbdev's is the reverse.
4. A link around a word in backticks is one link, the author's; nbdev puts a second into it.
5. A bare word that means several things (a command, a parameter, functions of two modules) is no link, but on the page of that name.
6. Tables are raw HTML within markdown: Quarto answers an output of HTML with scripts of third parties.
7. Cells that only prove something, without an output, are folded: a reader came for the use.
8. The source of a cell that is shown (`#| exports`) stands behind the documentation of all that it defines; nbdev puts it behind the first."""
import ast, copy, json, re
from collections import defaultdict
from functools import lru_cache
from pathlib import Path

shown = re.compile(r'^show_doc\((.+?)\)', re.M)
nested = re.compile(r'\[([^\[\]]*)\[(`[^`\n]+`)\]\([^()\s]*\)([^\[\]]*)\]\(')
bare = re.compile(r'\[`([a-z]+)`\]\((https?://[^()\s]*/)([\w/]+\.html)#\1\)')
name_heading = re.compile(r'^### (\S+)$', re.M)
definitions = ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef

def source(cell): return ''.join(cell['source'])
def written(text): return text.splitlines(keepends=True)

@lru_cache(None)
def unclear(package):
    "Bare words that name more than one thing in a package: its commands, its parameters, names of two of its modules."
    places, parameters = defaultdict(set), set()
    for file in Path(package).rglob('*.py'):
        if file.name == '_modidx.py': continue
        for node in ast.walk(tree := ast.parse(file.read_text(encoding='utf-8'))):
            if isinstance(node, ast.arg): parameters.add(node.arg)
        for node in tree.body:
            if isinstance(node, definitions): places[node.name].add(file)
    commands = {n for n,files in places.items() if any(f.stem in ('cli', 'main') for f in files)}
    return frozenset({n for n,files in places.items() if len(files) > 1} | commands | parameters)

def plain_links(text, page, words):
    "Points 4 and 5 in a piece of markdown; `page` is its name on the site."
    while (once := nested.sub(r'[\1\2\3](', text)) != text: text = once
    return bare.sub(lambda m: f'`{m[1]}`' if m[1] in words and m[3] != page else m[0], text)

def order(cells):
    "{name: its place among the definitions of a notebook}"
    names = []
    for cell in cells:
        if cell['cell_type'] != 'code': continue
        try: body = ast.parse(re.sub(r'^\s*[%!].*$', '', source(cell), flags=re.M)).body
        except SyntaxError: continue
        names += [n.name for n in body if isinstance(n, definitions)]
    return {n: i for i,n in enumerate(dict.fromkeys(names))}

def sources_last(cells):
    "Point 8: sources that are shown go behind the cells that nbdev added for what they define."
    for i in reversed(range(len(cells))):
        if cells[i]['cell_type'] != 'code' or '#| code-summary: "Exported source"' not in source(cells[i]): continue
        own, end = order([cells[i]]), i + 1
        while end < len(cells) and (found := documents(cells[end])) and found.rpartition('.')[2] in own: end += 1
        cells.insert(end - 1, cells.pop(i))

def documents(cell):
    "What a cell that nbdev added documents; None for any other."
    found = shown.search(source(cell)) if cell.get('has_sd') else None
    return found and found[1]

def sort_names(cells, places):
    "Point 3: neighbouring cells that nbdev added are put in the order of the definitions."
    def place(cell): return places.get(documents(cell).rpartition('.')[2], len(places))
    start = 0
    while start < len(cells):
        end = start
        while end < len(cells) and documents(cells[end]): end += 1
        cells[start:end] = sorted(cells[start:end], key=place)
        start = end + 1

def heading(found):
    "Point 2: the heading of a name."
    return f"{'###' if '.' in found[1] else '##'} {found[1]} {{.name}}"

def mend_output(output, documented, links):
    "Points 2, 4, 5 and 6 in an output."
    data = output.get('data', {})
    if 'text/markdown' in data:
        text = ''.join(data['text/markdown'])
        better = links(text)
        if documented: better = name_heading.sub(heading, better)
        if better != text: data['text/markdown'] = written(better)
    elif 'text/html' in data:
        table = ''.join(data.pop('text/html'))
        data['text/markdown'] = written(f'```{{=html}}\n{table}\n```\n')

def proves(cell):
    "Point 7: does a cell only test, with nothing to look at?"
    if cell['cell_type'] != 'code' or cell.get('outputs') or re.search(r'^#\s*\|\s*(code-fold|echo|eval|include|output)', source(cell), re.M): return False
    try: nodes = list(ast.walk(ast.parse(source(cell))))
    except SyntaxError: return False
    called = (n.func.id for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name))
    return any(isinstance(n, ast.Assert) for n in nodes) or any(n.startswith('test_') for n in called)

def mend(cells, original=(), page='', words=frozenset()):
    "Mend the cells of a processed page in place; `original` are those of its notebook, `page` its address below the site's."
    sources_last(cells)
    sort_names(cells, order(original))
    def links(text): return plain_links(text, page, words)
    for cell in cells:
        cell.get('metadata', {}).pop('execution', None)
        if proves(cell): cell['source'] = written('#| code-fold: true\n#| code-summary: "Tests"\n' + source(cell))
        if cell['cell_type'] == 'markdown' and links(source(cell)) != source(cell): cell['source'] = written(links(source(cell)))
        for output in cell.get('outputs', ()): mend_output(output, bool(shown.search(source(cell))), links)

def mend_file(file, notebook, page, package):
    "Mend a processed page on the disk."
    file = Path(file)
    page_nb = json.loads(file.read_text(encoding='utf-8'))
    page_nb.get('metadata', {}).pop('widgets', None)
    original = json.loads(Path(notebook).read_text(encoding='utf-8'))['cells']
    mend(page_nb['cells'], original, page, unclear(package))
    file.write_text(json.dumps(page_nb, indent=1, ensure_ascii=False) + '\n', encoding='utf-8')

def unmended(cells, page, words):
    "Indices of the cells that mending would change: those of a page that was not mended, or was broken afterwards."
    again = copy.deepcopy(cells)
    mend(again, page=page, words=words)
    return [i for i,(before,after) in enumerate(zip(cells, again)) if before != after]
