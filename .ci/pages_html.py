"""Pages to HTML with pandoc: what .ci/pages.py looks for links and pictures in, and a preview for people without Quarto.

Headings get the ids that Quarto gives them, for Quarto converts with pandoc too; looks, menus and search are only Quarto's."""
import base64, html, json, re
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
import yaml

def source(cell): return ''.join(cell['source'])
def directives(cell): return {k.strip(): v.strip().strip('"') for k,_,v in (o.partition(':') for o in re.findall(r'^#\s*\|\s*(.+)$', source(cell), re.M))}
def code(cell): return re.sub(r'^#\s*\|.*\n?', '', source(cell), flags=re.M).strip('\n')
def text_of(out): return ''.join(out.get('text', '') or out.get('data', {}).get('text/plain', ''))
def html_of(out): return ''.join(out.get('data', {}).get('text/html', ''))
def pictures(cell): return [(k, v) for o in cell.get('outputs', ()) for k,v in o.get('data', {}).items() if k.startswith('image/')]
def read(file): return json.loads(file.read_text(encoding='utf-8'))['cells']
def site_name(page): return re.sub(r'(^|/)\d+[a-z]?_(?=[^/]*$)', r'\1', page.removesuffix('.ipynb')) + '.html'   # nbdev drops the number of a page

def fence(text, lang=''):
    ticks = '`'*max([3, *(len(o) + 1 for o in re.findall('`{3,}', text))])
    return f'{ticks} {{{lang}}}\n{text}\n{ticks}'

def out_md(out, stem, alt, asis):
    "One output as markdown, and the picture in it as {file name: bytes}."
    data = out.get('data', {})
    for kind in ('image/png', 'image/jpeg', 'image/svg+xml'):
        if kind in data:
            raw = ''.join(data[kind]); name = f"{stem}.{kind[6:].partition('+')[0]}"
            return fence(f'<p><img src="{name}" alt="{html.escape(alt)}"></p>', '=html'), {name: raw.encode() if 'svg' in kind else base64.b64decode(raw)}   # as Quarto: no caption
    if 'text/markdown' in data: return ''.join(data['text/markdown']), {}
    if asis and text_of(out): return text_of(out), {}
    if 'text/html' in data: return fence(html_of(out), '=html'), {}
    return fence(text_of(out).rstrip(), '.output') if text_of(out).strip() else '', {}

def cell_md(cell, stem):
    if cell['cell_type'] != 'code': return source(cell) if cell['cell_type'] == 'markdown' else '', {}
    d = directives(cell)
    if d.get('include') == 'false' or 'hide' in d: return '', {}
    body, files = [], {}
    if code(cell) and d.get('echo') != 'false' and 'hide_input' not in d:
        block = fence(code(cell), '.python')
        body.append(f'<details><summary>{d.get("code-summary", "Code")}</summary>\n\n{block}\n\n</details>' if d.get('code-fold') in ('true', '') and 'code-fold' in d else block)
    if d.get('output') != 'false':
        for j,o in enumerate(cell.get('outputs', ())):
            md,f = out_md(o, f'{stem}-{j}', d.get('fig-alt', ''), d.get('output') == 'asis')
            body.append(f'::: cell-output\n{md}\n:::' if md and d.get('output') != 'asis' else md); files.update(f)
    return '\n\n'.join(body), files

def page_md(cells, numbers, stem):
    "A processed page as pandoc's markdown, with a mark before each cell; its title, its subtitle and its pictures."
    head = next((yaml.safe_load(source(c).strip().strip('-')) for c in cells if c['cell_type'] == 'raw' and source(c).startswith('---')), {})
    parts, files = [], {}
    for i,c in enumerate(cells):
        md,f = cell_md(c, f'{stem}-{i}'); files.update(f)
        if md.strip(): parts.append(f'``` {{=html}}\n<span data-cell="{numbers.get(c.get("id"), "")}"></span>\n```\n\n{md}')
    return '\n\n'.join(parts), head.get('title', ''), head.get('description', ''), files

def to_html(md):
    try: import pypandoc
    except ImportError: raise SystemExit("pandoc is wanted: pip install -e '.[dev]' brings it (pypandoc_binary)")
    return pypandoc.convert_text(md, 'html5', format='markdown', extra_args=['--mathml', '--wrap=none'])

class Found(HTMLParser):
    "Ids, links and pictures of a page, each with the cell it stands in."
    def __init__(self, text):
        super().__init__(); self.ids, self.links, self.images, self.cell = set(), [], [], ''
        self.feed(text)
    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if 'data-cell' in a: self.cell = a['data-cell']
        if a.get('id'): self.ids.add(a['id'])
        if tag == 'a' and a.get('href'): self.links.append((self.cell, a['href']))
        if tag == 'img': self.images.append((self.cell, a.get('src', ''), a.get('alt', '')))

class Page:
    "A processed page: `body` (HTML), `title`, `files` (its pictures) and `found` in it."
    def __init__(self, file, name, numbers):
        self.cells = read(file)
        md, self.title, self.subtitle, self.files = page_md(self.cells, numbers, re.sub(r'\W', '-', name.removesuffix('.ipynb')))
        self.name, self.site, self.body = name, site_name(name), to_html(md)
        self.found = Found(self.body)

def convert(names, proc, sources):
    "{name: Page} of processed pages; `sources` gives the cells as they stand in nbs."
    def one(n): return Page(proc/n, n, {c.get('id'): i for i,c in enumerate(sources[n])})
    with ThreadPoolExecutor(2) as pool: return dict(zip(names, pool.map(one, names)))

css = """
:root { --fg: #212529; --bg: #fff; --soft: #f4f6f8; --line: #d8dde2; --link: #1f5fa8; --kw: #7a3e9d; --st: #2f6f3e; --co: #59626b; --nu: #9a4a00 }
@media (prefers-color-scheme: dark) { :root { --fg: #dfe4e8; --bg: #15191d; --soft: #1f252b; --line: #39424a; --link: #7db8f0; --kw: #d2a8ff; --st: #8fd19e; --co: #9aa5ae; --nu: #f0b27a } main img { background: #fff; padding: .4rem } }
* { box-sizing: border-box } body { margin: 0; color: var(--fg); background: var(--bg); font: 16px/1.55 system-ui, sans-serif } a { color: var(--link) }
.note { padding: .4rem 1rem; background: var(--soft); border-bottom: 1px solid var(--line); font-size: .85em }
.page { display: flex; max-width: 1180px; margin: 0 auto } nav { flex: 0 0 250px; padding: 1rem; font-size: .88em; border-right: 1px solid var(--line) }
nav ul { list-style: none; padding-left: .8rem; margin: .2rem 0 } nav summary { font-weight: 600; margin-top: .5rem; cursor: pointer } nav a { text-decoration: none } nav a.here { font-weight: 700; color: var(--fg) }
main { flex: 1; min-width: 0; padding: 1rem 2rem 4rem } h1 { margin: .4rem 0 } .subtitle { color: var(--co); font-size: 1.1em; margin-top: 0 } h2 { border-bottom: 1px solid var(--line); padding-bottom: .2rem; margin-top: 2rem }
pre, code { font: .86em/1.45 ui-monospace, Menlo, Consolas, monospace } code { background: var(--soft); padding: .1em .25em; border-radius: 3px } pre { background: var(--soft); padding: .7rem .9rem; overflow-x: auto; border-radius: 4px } pre code { background: none; padding: 0 }
table { border-collapse: collapse } th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: right } th:first-child, td:first-child { text-align: left } main > table td, main > table th { text-align: left }
.kw, .cf, .im { color: var(--kw) } .st, .ch, .ss { color: var(--st) } .co { color: var(--co); font-style: italic } .dv, .fl, .bn { color: var(--nu) } a[target] { color: var(--co) } math { font-size: 1.05em }
@media (max-width: 800px) { .page { display: block } nav { border: 0; border-bottom: 1px solid var(--line); padding: .4rem 1rem } main { padding: 1rem } }
"""

def menu(items, pages, here, up):
    "The sidebar as nested lists; the section one reads in is open."
    def holds(i): return any(holds(o) for o in i['contents']) if isinstance(i, dict) and 'contents' in i else (i['href'] if isinstance(i, dict) else i) == here
    rows = []
    for i in items:
        if isinstance(i, dict) and 'contents' in i:
            rows.append(f"<li><details{' open' if holds(i) else ''}><summary>{html.escape(i['section'])}</summary>{menu(i['contents'], pages, here, up)}</details></li>")
            continue
        href = i['href'] if isinstance(i, dict) else i
        if href in pages: rows.append(f"<li><a{' class=here' if href == here else ''} href='{up}{pages[href].site}'>{html.escape(i.get('text', '') if isinstance(i, dict) else pages[href].title or href)}</a></li>")
    return '<ul>' + '\n'.join(rows) + '</ul>'

def shell(page, body, pages, contents, site, after=''):
    up = '../'*page.count('/')
    p = pages[page]
    body = re.sub(r'(href|src)="' + re.escape(site), rf'\1="{up}', body)
    body = re.sub(r'href="(?!https?:)([^"#]+)\.ipynb', lambda m: f'href="{site_name(m[1] + ".ipynb")}', body)
    return f"""<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{html.escape(p.title)} – sslus (preview)</title>
<link rel="icon" href="{up}images/favicon.png"><style>{css}</style><link rel="stylesheet" href="{up}styles.css"></head><body>
<div class="note">A preview by pandoc, without the site's search and theme. <a href="{up}index.html">sslus</a></div><div class="page"><nav><details class="all" open><summary>Pages</summary>{menu(contents, pages, page, up)}</details></nav>
<main><h1>{html.escape(p.title)}</h1><p class="subtitle">{html.escape(p.subtitle)}</p>{body}</main></div><script>if (innerWidth < 800) document.querySelector('.all').open = false</script>{after}</body></html>"""

def write_preview(pages, nbs, folder, contents, site):
    "Write the pages, their pictures, styles.css and what lies in images and results."
    import shutil
    folder = Path(folder)
    for d in ('images', 'tutorials/results'):
        if (nbs/d).exists(): shutil.copytree(nbs/d, folder/d, dirs_exist_ok=True)
    shutil.copy2(nbs/'styles.css', folder/'styles.css')
    after = (nbs/'reach.html').read_text(encoding='utf-8') if (nbs/'reach.html').exists() else ''
    for n,p in pages.items():
        out = folder/p.site; out.parent.mkdir(parents=True, exist_ok=True)
        for f,data in p.files.items(): (out.parent/f).write_bytes(data)
        out.write_text(shell(n, p.body, pages, contents, site, after), encoding='utf-8')
    return folder/'index.html'
