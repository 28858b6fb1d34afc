"Write README.md from nbs/index.ipynb without Quarto; with --check, fail where README.md is not in step."
import json, re, sys
from pathlib import Path

def cell_md(cell):
    "Markdown of one cell: its text, or its outputs (code is shown unless `echo: false`)."
    src = ''.join(cell['source'])
    if cell['cell_type'] == 'markdown': return src
    if re.search(r'^#\s*\|\s*(hide|hide_output)', src, re.M): return ''
    code = '' if re.search(r'^#\s*\|\s*echo:\s*false', src, re.M) else f'```python\n{src}\n```\n\n'
    return code + '\n'.join(map(out_md, cell['outputs']))

def out_md(out):
    "Plain text of an output, as a code block."
    text = ''.join(out.get('text', '') or out.get('data', {}).get('text/plain', ''))
    return f'```\n{text.rstrip()}\n```' if text else ''

def readme(nb):
    "The whole README; links of the site become links of the repository."
    text = '\n\n'.join(o for o in map(cell_md, nb['cells']) if o.strip()) + '\n'
    return re.sub(r'\]\((?!https?:|#|nbs/)', '](nbs/', text)

if __name__ == '__main__':
    root = Path(__file__).resolve().parent.parent
    text, file = readme(json.loads((root/'nbs/index.ipynb').read_text(encoding='utf-8'))), root/'README.md'
    if '--check' not in sys.argv: file.write_text(text, encoding='utf-8')
    elif file.read_text(encoding='utf-8') != text: sys.exit('README.md is not in step with nbs/index.ipynb: run python .ci/readme.py')
