"Prove .ci/pages.py: a small site without faults, then the same broken in one way after the other; each fault must be told, on its page."
import base64, copy, json, subprocess, sys, tempfile
from pathlib import Path
import pages, pages_mend
from pages_html import convert, source

png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
def md(text): return dict(cell_type='markdown', metadata={}, source=text)
def code(text, *outputs): return dict(cell_type='code', metadata={}, execution_count=None, source=text, outputs=list(outputs))
def printed(text, name='stdout'): return dict(output_type='stream', name=name, text=text)
def shown(**data): return dict(output_type='display_data', metadata={}, data=data)
def timed(cell): return {**cell, 'metadata': dict(execution=dict(total=1))}
def write(file, cells):
    for i,c in enumerate(cells): c['id'] = f'c{i}'
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(dict(cells=cells, metadata={}, nbformat=4, nbformat_minor=5)), encoding='utf-8')

colab = '[Open in Colab](https://colab.research.google.com/github/sslus/sslus/blob/main/nbs/tutorials/01_first.ipynb)'
picture = code('#| fig-alt: "A dot"\nset_style()', shown(**{'image/png': png, 'text/plain': '<Figure>'}))
site = {'index.ipynb': [md('# Home\n\n> The way in'), picture, md('## Home'), md('## To the lesson\n\n[First](tutorials/01_first.ipynb#a-heading), [itself](#to-the-lesson), `FrameStore.build` and `make_phantom(seed=1)`.')],
        'tutorials/01_first.ipynb': [md('# First\n\n> A lesson'), md(f'{colab}\n\n![A dot](../images/dot.png)'), code('#| eval: false\n# %pip install -q sslus'), code('import sys'), code('print(1)', printed('1')), md('## A heading\n\n[Home](../index.ipynb)')],
        'all.ipynb': [md('# All\n\n> Names'), picture, code('#| echo: false\nindex()', shown(**{'text/markdown': '| name | is |\n|---|---|\n| [Home](index.ipynb#home) | x |'}))],
        'about/contributing.ipynb': [md('# Contributing\n\n> How'), picture], 'about/changelog.ipynb': [md('# Changes\n\n> What'), picture]}

def make(root):
    (root/'nbs/images').mkdir(parents=True); (root/'nbs/images/dot.png').write_bytes(base64.b64decode(png)); (root/'sslus').mkdir()
    for n,cells in site.items(): write(root/'nbs'/n, copy.deepcopy(cells))
    texts = {'pyproject.toml': '[project.urls]\nRepository = "https://github.com/sslus/sslus"\nDocumentation = "https://sslus.github.io/sslus/"\n', 'settings.ini': '[DEFAULT]\nversion = 1\n', 'nbs/styles.css': '',
             'nbs/_quarto.yml': 'website:\n  navbar:\n    left:\n      - href: index.ipynb\n', 'nbs/nbdev.yml': 'website:\n  site-url: https://sslus.github.io/sslus\n',
             'sslus/first.py': "# File to edit: ../nbs/index.ipynb.\n__all__ = ['Home']\nclass Home: pass\nclass Gone: pass\n", 'nbs/sidebar.yml': 'website:\n  sidebar:\n    contents:\n' + ''.join(f'      - {n}\n' for n in site)}
    for f,t in texts.items(): (root/f).write_text(t, encoding='utf-8')
    subprocess.run([sys.executable, Path(pages.__file__).with_name('readme.py'), '--root', root], check=True)

def add(*cells, at=None): return lambda c: c.extend(cells) if at is None else c.__setitem__(slice(at, at), cells)
def swap(i, old, new): return lambda c: c[i].update(source=c[i]['source'].replace(old, new))
lesson, home = 'tutorials/01_first.ipynb', 'index.ipynb'
# links, pictures and words: told of processed pages only
linked = [(lesson, 'cells', add(md('[gone](02_gone.ipynb)')), 'neither a page nor a file'), (lesson, 'cells', add(md('[no such](../index.ipynb#nowhere)')), 'anchor #nowhere'), (lesson, 'cells', add(md('[html](../index.html)')), 'write the notebook, index.ipynb'),
    (lesson, 'cells', add(md('[symbol](https://sslus.github.io/sslus/index.html#gone)')), 'no anchor #gone'), (lesson, 'cells', add(md('[out](../../README.md)')), 'out of the site'),
    (lesson, 'cells', add(md('[bad](http://nowhere/page)')), 'malformed'), (lesson, 'cells', add(md('![x](../images/gone.png)')), 'picture ../images/gone.png'), (lesson, 'cells', add(md('![](../images/dot.png)')), 'without alternative text'),
    (lesson, 'cells', add(md('call `gone_function(1)`')), 'gone_function'), (lesson, 'cells', add(md('`FrameStore.gone_method`')), 'FrameStore has no gone_method'), (lesson, 'cells', add(md('`make_phantom(gone=1)`')), 'takes no gone='), (lesson, 'cells', add(md('`GoneClass`')), 'GoneClass'),
    (lesson, 'cells', add(md('`--gone`')), 'option --gone'), (lesson, 'cells', add(md('```sh\nsslus-gone x\n```')), 'no command'), (lesson, 'cells', add(md('```python\ngone_call(1)\n```')), 'gone_call'),
    ('sslus/first.py', 'file', lambda t: t.replace("'Home'", "'Gone'"), 'Gone has no heading'), (lesson, 'cells', add(timed(code('x = 1'))), 'not mended'), (lesson, 'cells', add(code('df', shown(**{'text/html': '<p>1</p>'}))), 'not mended'),
    (lesson, 'cells', add(md('[a [`word`](../index.ipynb) here](../index.ipynb)')), 'not mended')]
# told by --static too
saved = [(lesson, 'cells', add(code('print(2)', printed('/' + 'tmp/x/y.csv'))), 'path of a machine'), (lesson, 'cells', add(code('1/0', dict(output_type='error', ename='ZeroDivisionError', evalue='', traceback=[]))), 'error output'),
    (lesson, 'cells', add(code('print(2)', printed('x', 'stderr'))), 'stderr'), (lesson, 'cells', add(code('print(2)', printed(' 40%|████   | 4/10'))), 'progress bar'), (lesson, 'cells', add(code('print(2)', printed('x\n'*60))), 'output of 60 lines'),
    (lesson, 'cells', add(code('df', shown(**{'text/html': '<tr>'*50, 'text/plain': ''}))), 'table of 50 rows'), (lesson, 'cells', add(code('import json\nx = 1')), 'imports mixed'), (lesson, 'cells', add(code('plot()', shown(**{'image/png': png}))), 'common style'),
    (home, 'cells', swap(1, '#| fig-alt: "A dot"\n', ''), 'picture without alternative text'), (home, 'cells', lambda c: c.__delitem__(1), 'no picture'), (home, 'cells', add(*(md(f'## {i}') for i in range(3)), at=1), 'first picture comes after 3 headings'),
    (home, 'cells', swap(0, '> The way in', ''), 'no title and subtitle'), (lesson, 'cells', swap(1, '01_first', '09_other'), 'opens this lesson in Colab'), (lesson, 'cells', lambda c: (swap(0, 'A lesson', f'A lesson\n\n{colab}')(c), swap(1, colab, '')(c)), 'opens this lesson in Colab'), (lesson, 'cells', lambda c: c.__delitem__(2), 'no cell that installs'),
    (lesson, 'cells', add(code('x = 1' + ' '*80 + '# far')), 'columns'), (lesson, 'cells', add(md('```sh\nls ' + 'x'*80 + '\n```')), 'columns'), (lesson, 'cells', add(code('#| hide\ntmp = 1'), code('print(tmp)')), 'needs tmp'), (lesson, 'cells', add(code('#| hide\ntmp = 1'), code('tmp = 2'), code('def f(): return tmp'), code('#| echo: false\nold = f()'), code('new = old')), 'needs old'),
    ('sslus/first.py', 'file', lambda t: t.replace("'Home'", "'Home', 'Gone'"), 'Gone is missing from the index'), ('sslus/first.py', 'file', lambda t: t.replace("'Home'", ''), 'Home stands in the index'),
    ('README.md', 'file', lambda t: t + 'x', 'not in step'), ('nbs/llms.txt', 'file', lambda t: t + 'x', 'llms.txt is not in step'), ('nbs/sidebar.yml', 'file', lambda t: t.replace(f'      - {lesson}\n', ''), 'no section of sidebar.yml'), ('nbs/sidebar.yml', 'file', lambda t: t + '      - gone.ipynb\n', 'gone.ipynb does not exist'),
    ('nbs/_quarto.yml', 'file', lambda t: t.replace('index', 'gone'), 'gone.ipynb does not exist'), ('nbs/_quarto.yml', 'file', lambda t: t + ' : [', 'cannot be read'), ('nbs/nbdev.yml', 'file', lambda t: t.replace('github.io', 'example.org'), 'one address')]
warning = 'lib/nbdev/processors.py:242: UserWarning: Found cells containing imports and other code. See FAQ.\n---\nimport torch\n---'

def names():
    "What the mending does, point by point."
    def documented(*words): return [dict(code(f'#| echo: false\nshow_doc({w})', shown(**{'text/markdown': f'---\n\n### {w}\n\ntext'})), has_sd=True) for w in words]
    cells = [timed(code('import x')), *documented('b', 'Cls.a'), md('a [see [`f`](https://h/x.html#f) here](y.html) and [`store`](https://h/cli.html#store), [`store`](https://h/here.html#store), [`g`](https://h/x.html#g)'), code('df', shown(**{'text/html': '<table/>'})), code('assert 1'), code('test_eq(f(1), 1)'), code('assert 1', printed('1')), code('#| code-fold: show\nassert 1')]
    pages_mend.mend(cells, [code('#| export\ndef a(self): pass\ndef b(): pass')], 'here.html', {'store'})
    heads = [''.join(c['outputs'][0]['data']['text/markdown']).splitlines()[2] for c in cells[1:3]]
    assert heads == ['### Cls.a {.name}', '## b {.name}'], heads
    assert not cells[0]['metadata']
    assert ''.join(cells[3]['source']) == 'a [see `f` here](y.html) and `store`, [`store`](https://h/here.html#store), [`g`](https://h/x.html#g)', cells[3]
    assert ''.join(cells[4]['outputs'][0]['data']['text/markdown']) == '```{=html}\n<table/>\n```\n'
    assert [source(c).startswith('#| code-fold: true') for c in cells[5:]] == [True, True, False, False]
    assert not pages_mend.unmended(cells, 'here.html', {'store'})
    text = '#| code-fold: show\n#| code-summary: "Exported source"\n#| exports\ndef a(self): pass\ndef b(): pass'
    cells = [*documented('b'), code(text), *documented('Cls.a', 'c')]
    pages_mend.mend(cells, [code(text)], 'here.html', {'store'})
    assert [pages_mend.documents(c) for c in cells] == ['Cls.a', 'b', None, 'c'], [source(c) for c in cells]
    assert not pages_mend.unmended(cells, 'here.html', {'store'})
    with tempfile.TemporaryDirectory() as tmp:
        (Path(tmp)/'cli.py').write_text('def go(x): pass'); (Path(tmp)/'one.py').write_text('def two(): pass\ndef sole(): pass'); (Path(tmp)/'other.py').write_text('def two(): pass')
        assert pages_mend.unclear(tmp) == {'go', 'x', 'two'}

def run():
    names()
    with tempfile.TemporaryDirectory() as tmp:
        root = Path(tmp); make(root); nbs = root/'nbs'
        whole = convert(list(site), nbs, pages.notebooks(nbs))
        sound = list(pages.faults(root, nbs, kept=whole)); assert not sound, sound
        assert len(list(pages.warned(warning))) == 1 and not list(pages.warned(''))
        missed, late = [], []
        for where,kind,change,said in (*linked, *saved):
            file = nbs/where if kind == 'cells' else root/where
            before = file.read_text(encoding='utf-8')
            if kind == 'file': file.write_text(change(before), encoding='utf-8')
            else: cells = copy.deepcopy(site[where]); change(cells); write(file, cells)
            found = [f'{f.page} {f.what} {f.todo}' for f in pages.faults(root, nbs, kept={n: p for n,p in whole.items() if nbs/n != file})]
            if not any(said in f for f in found): missed.append((where, said, found))
            here = [f'{f.page} {f.what} {f.todo}' for f in pages.static(root, pages.notebooks(nbs))]
            if not any(said in f for f in here) and (where, kind, change, said) in saved: late.append((where, said, here))
            file.write_text(before, encoding='utf-8')
    n = len(linked) + len(saved) + 1
    print(f'a sound site has no fault; {n - len(missed)} of {n} broken ones are told, {len(saved) - len(late)} of them in the notebooks as they are saved')
    for m in missed: print('  MISSED:', *m)
    for m in late: print('  TOLD TOO LATE:', *m)
    return bool(missed or late)
