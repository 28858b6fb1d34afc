"Write README.md, CONTRIBUTING.md and CHANGELOG.md from their notebooks without Quarto; with --check, fail where one is not in step."
import argparse, json, posixpath, re, sys
from pathlib import Path

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
    "The whole file; links relative to the notebook's folder become links of the repository's root."
    text = '\n\n'.join(o for o in map(cell_md, nb['cells']) if o.strip()) + '\n'
    return re.sub(r'\]\((?!https?:|mailto:|#)([^)\s#]+)', lambda m: '](' + posixpath.normpath(posixpath.join(folder, m[1])), text)

if __name__ == '__main__':
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--check', action='store_true'); p.add_argument('--root', type=Path, default=Path(__file__).resolve().parent.parent)
    a = p.parse_args(); late = []
    for name,source in made_from.items():
        text, file = written(json.loads((a.root/source).read_text(encoding='utf-8')), posixpath.dirname(source)), a.root/name
        if not a.check: file.write_text(text, encoding='utf-8')
        elif not file.exists() or file.read_text(encoding='utf-8') != text: late.append(f'{name} is not in step with {source}')
    if late: sys.exit('\n'.join(late) + ': run python .ci/readme.py')
