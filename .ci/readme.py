"""Write README.md, CONTRIBUTING.md and CHANGELOG.md from their notebooks without Quarto, and llms.txt, the list of all pages for programs that read;
with --check, fail where one is not in step."""
import argparse, json, posixpath, re, sys, tomllib
from pathlib import Path
import yaml
from pages_html import site_name

made_from = {'README.md': 'nbs/index.ipynb', 'CONTRIBUTING.md': 'nbs/about/contributing.ipynb', 'CHANGELOG.md': 'nbs/about/changelog.ipynb'}

def cell_md(cell):
    "Markdown of one cell: its text, or what it printed, below its code unless `echo: false` or `code-fold`. Code that prints nothing is left to the site."
    src = ''.join(cell['source'])
    if cell['cell_type'] == 'markdown': return src
    printed = '\n'.join(filter(None, map(out_md, cell['outputs'])))
    if not printed or re.search(r'^#\s*\|\s*(hide|hide_output)', src, re.M): return ''
    return printed if re.search(r'^#\s*\|\s*(echo:\s*false|code-fold)', src, re.M) else f'```python\n{src}\n```\n\n{printed}'

def out_md(out):
    "Plain text of an output, as a code block; pictures stay on the site."
    text = ''.join(out.get('text', '') or out.get('data', {}).get('text/plain', ''))
    return '' if not text or any(o.startswith('image/') for o in out.get('data', {})) else f'```\n{text.rstrip()}\n```'

def written(nb, folder):
    """The whole file; links relative to the notebook's folder become links of the repository's root. Marks for the site's looks are left out,
    and what stands in a comment `<!-- README ... -->` is for this file alone."""
    text = '\n\n'.join(o for o in map(cell_md, nb['cells']) if o.strip()) + '\n'
    text = re.sub(r'^:::.*\n\n?', '', text, flags=re.M)
    text = re.sub(r'<!-- README (.*?) -->', r'\1', text, flags=re.S)
    return re.sub(r'\]\((?!https?:|mailto:|#)([^)\s#]+)', lambda m: '](' + posixpath.normpath(posixpath.join(folder, m[1])), text)

# llms.txt: https://llmstxt.org

def about(file):
    "Title and subtitle of a page."
    first = ''.join(json.loads(file.read_text(encoding='utf-8'))['cells'][0]['source'])
    found = re.match(r'# (.+)\n\n> (.+)', first)
    return found.groups() if found else (file.stem, '')

def sections(items, title='Pages'):
    "(heading, pages) of the sidebar."
    for o in items:
        if isinstance(o, dict) and 'contents' in o: yield o['section'], [i['href'] if isinstance(i, dict) else i for i in o['contents']]

def llms(root):
    "The list of all pages by section, each with its subtitle."
    project = tomllib.loads((root/'pyproject.toml').read_text(encoding='utf-8'))['project']
    site = project['urls']['Documentation'].rstrip('/')
    menu = yaml.safe_load((root/'nbs/sidebar.yml').read_text(encoding='utf-8'))['website']['sidebar']['contents']
    lines = [f"# {project.get('name', root.name)}", '', f"> {about(root/'nbs/index.ipynb')[1]}", '']
    for heading, pages in sections(menu):
        rows = [(site_name(o), *about(root/'nbs'/o)) for o in pages if (root/'nbs'/o).exists()]
        lines += [f'## {heading}', '', *(f'- [{title}]({site}/{where}): {said}' for where, title, said in rows), '']
    return '\n'.join(lines).rstrip() + '\n'

if __name__ == '__main__':
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--check', action='store_true'); p.add_argument('--root', type=Path, default=Path(__file__).resolve().parent.parent)
    a = p.parse_args(); late = []
    for name,source in made_from.items():
        text, file = written(json.loads((a.root/source).read_text(encoding='utf-8')), posixpath.dirname(source)), a.root/name
        if not a.check: file.write_text(text, encoding='utf-8')
        elif not file.exists() or file.read_text(encoding='utf-8') != text: late.append(f'{name} is not in step with {source}')
    text, file = llms(a.root), a.root/'nbs/llms.txt'
    if not a.check: file.write_text(text, encoding='utf-8')
    elif not file.exists() or file.read_text(encoding='utf-8') != text: late.append('nbs/llms.txt is not in step with the titles and the sidebar')
    if late: sys.exit('\n'.join(late) + ': run python .ci/readme.py')
