"""Check the pages as a reader sees them, without Quarto; exit 1 with a list: page, cell, what is wrong, what to do.

    python .ci/pages.py                    # all: nbdev's processing of the pages for the site, then the checks
    python .ci/pages.py methods/ 01_quick  # tell only of pages whose path holds one of these
    python .ci/pages.py --quick            # check the pages as they were processed the last time
    python .ci/pages.py --static           # in seconds: only what is seen in the notebooks as they are saved
    python .ci/pages.py --html DIR         # also write a preview that any browser opens
    python .ci/pages.py --root DIR         # another tree

What is looked at: pages build without a warning; links, anchors and pictures lead somewhere; words in backticks name something (.ci/pages_words.py); pages open with a picture,
pictures have alternative text and the common style, outputs are short and free of errors, stderr, progress bars and machine paths; every page stands in the sidebar; every lesson
has its head; README.md, CONTRIBUTING.md and CHANGELOG.md are in step; the notebooks stay below 25 MB. Addresses outside the site are checked for their form only."""
import argparse, ast, json, os, re, subprocess, sys, tomllib
from collections import namedtuple
from pathlib import Path
from urllib.parse import unquote, urlsplit
import yaml
from pages_html import code, convert, directives, html_of, pictures, read, site_name, source, text_of, write_preview
from pages_mend import unclear, unmended
from pages_words import Known, unknown

Fault = namedtuple('Fault', 'page cell what todo', defaults=('',))
long_output, most_rows, most_columns, most_bytes = 40, 40, 76, 25*2**20
machine = re.compile(r'(?<![\w.:/-])/(tmp|root|work|opt|home|Users|mnt|scratch|content|private|var/folders|github/workspace|usr/(local/)?lib)/\w|file:///|[A-Z]:\\(Users|Temp)')
debris = re.compile(r'\d+%\s*\||\d\s*(it/s|s/it)\b|█|\r(?!\n)|<progress')
ours = re.compile(r'^(?!.*tutorials/(data|runs)/)')   # what lessons wrote here is no page

def notebooks(nbs):
    "{path in nbs: cells} of the notebooks that are pages."
    def hidden(r): return any(o[0] in '._' for o in r.parts) or not ours.match(r.as_posix())
    return {r.as_posix(): read(nbs/r) for r in sorted(o.relative_to(nbs) for o in nbs.rglob('*.ipynb')) if not hidden(r)}

# what nbdev says

def process(root):
    "What nbdev printed when it processed the pages."
    env = {**os.environ, 'PYTHONPATH': f"{root}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    r = subprocess.run([sys.executable, str(Path(__file__).with_name('pages_process.py'))], cwd=root, env=env, capture_output=True, text=True)
    return r.stdout + r.stderr + (f'\nError: exit status {r.returncode}' if r.returncode else '')

def warned(said):
    "Faults in what the processing printed: it should print nothing."
    for part in re.split(r'\n(?=\S+: \w*Warning: |Error: |Traceback )', said.strip()):
        lines = part.splitlines()
        if re.search(r'Warning|Error|Exception|Traceback', part): yield Fault('nbdev-proc-nbs', '', '\n    '.join(lines if len(lines) < 24 else [*lines[:4], '...', *lines[-18:]]), 'mend the page; imports stand in cells of their own')

def prose(cells):
    "How many words of prose a page has: without code, addresses and formulas."
    text = '\n'.join(source(c) for c in cells if c['cell_type'] == 'markdown')
    text = re.sub(r'^(`{3,}).*?^\1|\$\$.*?\$\$|<!--.*?-->', '', text, flags=re.M | re.S)
    return len(re.findall(r"[A-Za-z][\w'’-]*", re.sub(r'\]\([^)]*\)', ']', text)))

# links, anchors, pictures

def addresses(root):
    "Addresses of the site and of the repository."
    about = tomllib.loads((root/'pyproject.toml').read_text(encoding='utf-8'))['project']['urls']
    return about['Documentation'].rstrip('/') + '/', about['Repository'].rstrip('/')

class Site:
    "Where links of pages may lead: the pages, their anchors, files under nbs, files of the repository."
    def __init__(self, root, pages):
        self.root, self.nbs, self.pages = root, root/'nbs', pages
        self.home, self.repo = addresses(root)
        self.by_site = {p.site: p for p in pages.values()}
        self.unready = {site_name(n) for n in notebooks(self.nbs) if n not in pages}

    def has(self, page, anchor):
        "Does a page have an anchor? nbdev points methods of a class to an anchor of their own; the class's stands for them."
        return not anchor or anchor in page.found.ids or anchor.rpartition('.')[0] in page.found.ids

    def inside(self, page, where, anchor):
        "Why a link within the site leads nowhere, or ''."
        if where is None: return '' if self.has(page, anchor) else f'no heading here has the anchor #{anchor}'
        if where in self.pages: return '' if self.has(self.pages[where], anchor) else f'{where} has no heading with the anchor #{anchor}'
        if (self.nbs/where).is_file() and (not where.endswith('.ipynb') or ours.match(where)): return ''   # a page that was not processed is told by itself
        if where in self.by_site: return f'Jupyter does not know {where}: write the notebook, {self.by_site[where].name}'
        if where.endswith('.html') and (here := next((n for n in self.pages if n.removesuffix('.ipynb') == where.removesuffix('.html')), '')): return f'the site has no {where}: write the notebook, {here}'
        return f'{where} is neither a page nor a file below nbs'

    def check(self, page, href):
        "Why a link is broken, or ''."
        u = urlsplit(href); anchor = unquote(u.fragment)
        if href.startswith(self.home):
            there = href[len(self.home):].partition('#')[0] or 'index.html'
            target = self.by_site.get(there)
            if target is None: return '' if (self.nbs/there).is_file() or there in self.unready else f'the site has no page {there}'
            return '' if self.has(target, anchor) else f'{there} has no anchor #{anchor}: a private name, or a word that is one by chance: plain words, without backticks'
        for pre in (f'{self.repo}/blob/main/', f'{self.repo}/tree/main/', f"https://colab.research.google.com/github/{self.repo.partition('github.com/')[2]}/blob/main/"):
            if href.startswith(pre): return '' if (self.root/href[len(pre):].partition('#')[0]).exists() else f'{href[len(pre):]} is not in the repository'
        if u.scheme in ('http', 'https'): return '' if re.fullmatch(r'[\w-]+(\.[\w-]+)+(:\d+)?', u.netloc) and not re.search(r'[\s<>"]|[.,;]$', href) else 'the address is malformed'
        if u.scheme: return '' if u.scheme in ('mailto', 'data') else f'an address of an unknown kind ({u.scheme})'
        if not u.path: return self.inside(page, None, anchor)
        base = self.nbs if u.path.startswith('/') else (self.nbs/page.name).parent
        where = os.path.relpath(os.path.normpath(base/unquote(u.path).lstrip('/')), self.nbs).replace(os.sep, '/')
        return 'it leads out of the site: give the address on GitHub' if where.startswith('..') else self.inside(page, where, anchor)

def links(site):
    for n,p in site.pages.items():
        for cell,href in p.found.links:
            if why := site.check(p, href): yield Fault(n, cell, f'link to {href}: {why}', 'mend the link')
        for cell,src,alt in p.found.images:
            if not alt.strip(): yield Fault(n, cell, f'picture without alternative text ({src[:40]})', 'say what it shows: #| fig-alt: "..." or ![...](...)')
            if src not in p.files and not src.startswith('data:') and (why := site.check(p, src)): yield Fault(n, cell, f'picture {src[:60]}: {why}', 'mend the path')

# names, as a reader looks for them

def documented(root, definitions=False):
    "(page in nbs, name) of every public name of the package; or only of functions and classes, which have headings."
    for file in sorted(root.glob('sslus/**/*.py')):
        text = file.read_text(encoding='utf-8')
        page = re.search(r'File to edit: (?:\.\./)+nbs/(\S+?\.ipynb)', text)
        public = re.search(r'^__all__ = (\[.*?\])', text, re.M | re.S)
        if page and public: yield from ((page[1], n) for n in ast.literal_eval(public[1]) if not definitions or re.search(rf'^(async )?(def|class) {n}\b', text, re.M))

index_page, in_index = 'all.ipynb', re.compile(r'^\| \[(\w+)\]\(', re.M)

def indexed(root, cells):
    "Public names that the index leaves out, and those that it has too many."
    shown = {n for c in cells for o in c.get('outputs', ()) for n in in_index.findall(''.join(o.get('data', {}).get('text/markdown', '')))}
    wanted = {n for _,n in documented(root)}
    for n in sorted(wanted ^ shown): yield Fault(index_page, '', f"{n} {'stands in' if n in shown else 'is missing from'} the index", f'run nbs/{index_page} again and save it')

def listed(site):
    "Pages that were not mended after nbdev's processing, and public names without a heading on their page: \"On this page\" and the search do not know them."
    words = unclear(site.root/'sslus')
    for n,p in site.pages.items():
        for i in unmended(p.cells, p.site, words): yield Fault(n, f'{i} as processed', 'was not mended after the processing', 'python .ci/pages_process.py')
    for n,name in documented(site.root, definitions=True):
        if n in site.pages and name.lower() not in site.pages[n].found.ids: yield Fault(n, '', f'{name} has no heading', 'document it: the cell that exports it is hidden, or show_doc is missing')

# a page as it is saved

def opening(cells):
    "Cell of a page's first picture, and headings and exported definitions before it."
    heads = defs = 0
    for i,c in enumerate(cells):
        s = source(c)
        if pictures(c) or c['cell_type'] == 'markdown' and re.search(r'!\[[^\]]*\]\(', s): return i, heads + len(re.findall(r'^## ', s.partition('![')[0], re.M))*(c['cell_type'] == 'markdown'), defs
        heads += len(re.findall(r'^## ', s, re.M)) if c['cell_type'] == 'markdown' else 0
        defs += bool(re.search(r'^#\s*\| exports?\s*\n(def|class|@)', s, re.M))
    return None, heads, defs

def outputs(page, i, cell):
    "Faults in the outputs of a cell."
    for o in cell['outputs']:
        t, h = text_of(o), html_of(o)
        if o['output_type'] == 'error': yield Fault(page, i, f"error output: {o.get('ename')}: {str(o.get('evalue'))[:80]}", 'mend the cell and run it again')
        if o.get('name') == 'stderr': yield Fault(page, i, f'output of stderr: {t[:80]!r}', 'mend or silence what prints it, and run again')
        if t.count('\n') > long_output and not h: yield Fault(page, i, f'output of {t.count(chr(10))} lines', 'show less: a screen is 40 lines')
        if h.count('<tr') > most_rows + 2: yield Fault(page, i, f"table of {h.count('<tr')} rows", 'show less: .head(), or a summary')
        if m := machine.search(t + h): yield Fault(page, i, f'path of a machine in an output: {(t + h)[m.start():m.start() + 40]!r}', 'print names, not whole paths')
        if debris.search(t + h): yield Fault(page, i, 'remains of a progress bar', 'progress=False, learn.no_bar(), or clear the output')

def mixed(cell):
    "Does a cell that the site's build runs for its imports hold other code too?"
    if re.search(r'^#\s*\|\s*(export\w*|eval:\s*false)', source(cell), re.M) or 'nbdev_export()' in source(cell): return False
    try: body = ast.parse(re.sub(r'^\s*[%!].*$', 'pass', source(cell), flags=re.M)).body
    except SyntaxError: return False
    imports = ast.Import, ast.ImportFrom
    return any(isinstance(n, imports) for b in body for n in ast.walk(b)) and not all(isinstance(b, imports) for b in body)

def looks(page, cells):
    "Faults of a page as it is saved."
    shown = any(pictures(c) for c in cells)
    if shown and not any('set_style(' in source(c) for c in cells if c['cell_type'] == 'code'): yield Fault(page, '', 'its figures are not in the common style', 'set_style() in a hidden cell near the top')
    if not cells or cells[0]['cell_type'] != 'markdown' or not re.match(r'# .+\n\n> .+', source(cells[0])): yield Fault(page, 0, 'no title and subtitle', 'the first cell is `# Title`, an empty line, `> Subtitle`')
    first, heads, defs = opening(cells)
    if first is None: yield Fault(page, '', 'no picture', 'open with one: a result, or draw_flow for machinery')
    elif heads > 1 or defs > 2: yield Fault(page, first, f'the first picture comes after {heads} headings and {defs} exported definitions', 'open the page with its picture')
    for i,c in enumerate(cells):
        if m := machine.search(re.sub(r'https?://\S+', '', source(c))) if c['cell_type'] == 'markdown' else None: yield Fault(page, i, f'path of a machine: {source(c)[m.start():m.start() + 40]!r}', 'a path that any reader has')
        if c['cell_type'] != 'code': continue
        if "rcParams['figure.dpi']" in source(c): yield Fault(page, i, 'sets the resolution by hand', 'set_style()')
        if pictures(c) and 'hide' not in directives(c) and not directives(c).get('fig-alt'): yield Fault(page, i, 'picture without alternative text', '#| fig-alt: "what it shows and says"')
        if mixed(c): yield Fault(page, i, f'imports mixed with other code: {source(c)[:50]!r}', 'imports in a cell of their own')
        yield from outputs(page, i, c)

def lesson(page, cells, repo):
    "Faults in the head of a lesson."
    address = f"https://colab.research.google.com/github/{repo.partition('github.com/')[2]}/blob/main/nbs/{page}"
    # not in the cell of the title, which nbdev takes out of the page
    if not any(f']({address})' in source(c) for c in cells[1:] if c['cell_type'] == 'markdown'): yield Fault(page, 0, 'no link that opens this lesson in Colab', f'[Open in Colab]({address})')
    if not any('%pip install' in source(c) and directives(c).get('eval') == 'false' for c in cells): yield Fault(page, '', 'no cell that installs', 'the head of lessons: see the contributing page')

# code that a reader copies

def to_copy(page): return page.startswith('tutorials/') or page == 'index.ipynb'

def hidden(cell):
    "Is the code of a cell not shown?"
    d = directives(cell)
    return 'hide' in d or 'hide_input' in d or 'false' in (d.get('include'), d.get('echo'))

def blocks(md): return [m[1] for m in re.finditer(r'^```[^\n]*\n(.*?)^```', md, re.M | re.S)]

def wide(page, cells):
    "Lines of code that would scroll sideways."
    for i,c in enumerate(cells):
        texts = blocks(source(c)) if c['cell_type'] == 'markdown' else [] if hidden(c) else [code(c)]
        for line in '\n'.join(texts).splitlines():
            if len(line) > most_columns: yield Fault(page, i, f'code of {len(line)} columns: {line.strip()[:50]!r}', f'at most {most_columns}; a comment stands above its line')

def syntax(text):
    try: return list(ast.walk(ast.parse(re.sub(r'^\s*[%!].*$', 'pass', text, flags=re.M))))
    except SyntaxError: return []

def defined(nodes):
    "Names that a piece of code defines; a star is the import of everything."
    for n in nodes:
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store): yield n.id
        if isinstance(n, (ast.FunctionDef, ast.ClassDef)): yield n.name
        if isinstance(n, (ast.Import, ast.ImportFrom)): yield from ((a.asname or a.name).partition('.')[0] for a in n.names)

def borrowed(page, cells):
    "Visible code that uses what only a hidden cell defines."
    seen, unseen = set(), set()
    for i,c in enumerate(cells):
        if c['cell_type'] != 'code': continue
        nodes = syntax(source(c)); new = set(defined(nodes))
        if hidden(c): unseen |= new; continue
        used = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        if missing := sorted((used - new) & unseen - seen): yield Fault(page, i, f"needs {', '.join(missing)}, which a hidden cell defines", 'show the definition: a reader who copies the page fails here')
        seen |= new

# the whole

def hrefs(o):
    "Every page that a piece of the site's configuration points to."
    if isinstance(o, list): yield from (h for i in o for h in hrefs(i))
    elif isinstance(o, dict): yield from (h for k,v in o.items() for h in (hrefs(v) if k in ('contents', 'left', 'right', 'navbar', 'sidebar', 'website', 'center', 'page-footer', 'tools') else [v] if k in ('href', 'favicon', 'image', 'logo') and isinstance(v, str) else ()))
    elif isinstance(o, str): yield from re.findall(r'\]\(([^)]+)\)', o) or ([o] if o.endswith('.ipynb') else [])

def configuration(root, names):
    "Faults of _quarto.yml, nbdev.yml and sidebar.yml."
    nbs, listed, urls = root/'nbs', [], set()
    for f in ('_quarto.yml', 'nbdev.yml', 'sidebar.yml'):
        try: y = yaml.safe_load((nbs/f).read_text(encoding='utf-8'))
        except (OSError, yaml.YAMLError) as e: yield Fault(f, '', f'cannot be read: {str(e)[:200]}', 'mend it'); continue
        urls |= {u.rstrip('/') for u in [y.get('website', {}).get('site-url')] if u}
        for h in hrefs(y):
            path = h.partition('#')[0].lstrip('/')
            if f == 'sidebar.yml': listed.append(path)
            if not re.match(r'https?:', h) and not (nbs/path).is_file(): yield Fault(f, '', f'{path} does not exist', 'write the page, or take the entry out')
    home = addresses(root)[0].rstrip('/')
    if urls - {home}: yield Fault('_quarto.yml, nbdev.yml', '', f"the site's address is {', '.join(sorted(urls))}, in pyproject.toml {home}", 'one address')
    for n in sorted(set(names) - set(listed)): yield Fault(n, '', 'stands in no section of sidebar.yml', 'add it there')
    for n in sorted({o for o in listed if listed.count(o) > 1}): yield Fault('sidebar.yml', '', f'{n} stands there twice', 'once')
    sites = [site_name(n) for n in names]
    for n in sorted({o for o in sites if sites.count(o) > 1}): yield Fault('nbs', '', f'two pages would be written to {n}', 'rename one')

def written(root):
    "Faults of README.md and the others that .ci/readme.py writes, and of their links."
    r = subprocess.run([sys.executable, str(Path(__file__).with_name('readme.py')), '--check', '--root', str(root)], capture_output=True, text=True)
    if r.returncode: yield Fault('README.md and others', '', (r.stdout + r.stderr).strip(), 'python .ci/readme.py')
    for f in ('README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'):
        text = re.sub(r'^```.*?^```', '', (root/f).read_text(encoding='utf-8'), flags=re.M | re.S) if (root/f).exists() else ''
        for h in re.findall(r'\]\(([^)\s]+)\)', text):
            if not re.match(r'https?:|#|mailto:', h) and not (root/h.partition('#')[0]).exists(): yield Fault(f, '', f'link to {h}: no such file', 'mend the link in the notebook')

def size(root, names):
    total = sum((root/'nbs'/n).stat().st_size for n in names)
    if total > most_bytes: yield Fault('nbs', '', f'all notebooks together have {total/2**20:.1f} MB', 'at most 25: smaller pictures (dpi, figsize), fewer of them')

def static(root, cells):
    "Faults that are seen in the notebooks as they are saved: they need neither nbdev's processing nor the package."
    yield from configuration(root, cells)
    yield from size(root, cells)
    yield from written(root)
    if index_page in cells: yield from indexed(root, cells[index_page])
    for n,c in cells.items():
        yield from looks(n, c)
        if n.startswith('tutorials/'): yield from lesson(n, c, addresses(root)[1])
        if to_copy(n): yield from (*wide(n, c), *borrowed(n, c))

def faults(root, proc=None, html=None, kept=None):
    "All faults of a tree; `proc` holds its processed pages; pages that are in `kept` need no conversion."
    proc, cells = proc or root/'_proc', notebooks(root/'nbs')
    yield from static(root, cells)
    ready = [n for n in cells if (proc/n).exists()]
    yield from (Fault(n, '', 'was not processed by nbdev', 'run without --quick') for n in cells if n not in ready)
    pages = {**(kept or {}), **convert([n for n in ready if n not in (kept or {})], proc, cells)}
    site, known = Site(root, pages), Known(root, cells)
    yield from links(site)
    yield from listed(site)
    for n,c in cells.items():
        yield from (Fault(n, i, f'`{text}`: {why}', 'write the name as it is now, or plain words') for i,text,why in unknown(known, c))
    if html: print('Preview (by pandoc, not the site):', write_preview(pages, root/'nbs', html, yaml.safe_load((root/'nbs/sidebar.yml').read_text(encoding='utf-8'))['website']['sidebar']['contents'], site.home))

def told(found):
    "Print faults page by page."
    for page in sorted({f.page for f in found}):
        print(f'\n{page}')
        for f in dict.fromkeys(o for o in found if o.page == page): print(f"  {f'cell {f.cell}: ' if f.cell != '' else ''}{f.what}{f'  [{f.todo}]' if f.todo else ''}")

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('only', nargs='*', help='parts of paths of pages to tell of'); p.add_argument('--quick', action='store_true'); p.add_argument('--static', action='store_true', help='only what is seen in the notebooks as they are saved'); p.add_argument('--html', metavar='DIR'); p.add_argument('--self-test', action='store_true', help='prove the checks on a small site, broken on purpose'); p.add_argument('--root', type=Path, default=Path(__file__).resolve().parent.parent)
    a = p.parse_args(); root = a.root.resolve()
    if a.self_test: import pages_test; return pages_test.run()
    sys.path.insert(0, str(root))   # the package of this tree
    if a.static: found = list(static(root, notebooks(root/'nbs')))
    else: found = [*(() if a.quick else warned(process(root))), *faults(root, html=a.html)]
    found = [f for f in found if not a.only or any(o in f.page for o in a.only)]
    told(found)
    pages = notebooks(root/'nbs')
    print(f"\n{len(pages)} pages with {sum(map(prose, pages.values())):,} words of prose, {len(set(found))} faults")
    return bool(found)

if __name__ == '__main__': sys.exit(main())
