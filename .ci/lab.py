"""Open a lesson in JupyterLab in a headless Chromium and run it by its buttons: no error may show, and every picture that the saved lesson has must appear.

    python .ci/lab.py                              # a quick lesson
    python .ci/lab.py 01_quickstart --shots DIR    # another one; screenshots go to DIR

It needs playwright (extra `dev`) and a Chromium on the PATH (or its address in CHROMIUM); where there is none it says so and does nothing."""
import argparse, json, os, re, secrets, shutil, signal, socket, subprocess, sys, tempfile, time
from pathlib import Path
from urllib.request import urlopen
from lessons import copy, lessons, quick

browsers = 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'

def browser():
    "Path of a Chromium, or None."
    return os.environ.get('CHROMIUM') or next(filter(None, map(shutil.which, browsers)), None)

def free_port():
    with socket.socket() as s: s.bind(('127.0.0.1', 0)); return s.getsockname()[1]

class Lab:
    "A JupyterLab of its own in a folder, until the block ends."
    def __init__(self, folder): self.folder, self.port, self.token = folder, free_port(), secrets.token_hex(16)
    def url(self, path): return f'http://127.0.0.1:{self.port}/{path}?token={self.token}'
    def __enter__(self):
        home = self.folder.parent/'home'; quiet = home/'settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings'
        quiet.parent.mkdir(parents=True); quiet.write_text('{"fetchNews": "false"}')     # no question about news over the page
        env = {**os.environ, 'JUPYTER_CONFIG_DIR': str(home), 'JUPYTER_DATA_DIR': str(home), 'JUPYTERLAB_SETTINGS_DIR': str(home/'settings'), 'JUPYTERLAB_WORKSPACES_DIR': str(home/'workspaces')}
        self.log = open(self.folder.parent/'lab.log', 'w')
        self.process = subprocess.Popen([sys.executable, '-m', 'jupyterlab', '--no-browser', '--allow-root', f'--port={self.port}', '--ServerApp.port_retries=0', f'--IdentityProvider.token={self.token}', '--expose-app-in-browser', '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate'],
            cwd=self.folder, env=env, stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True)
        for _ in range(240):
            try: urlopen(self.url('api/status'), timeout=5); return self
            except OSError: time.sleep(.5)
            if self.process.poll() is not None: break
        self.__exit__(); raise SystemExit('JupyterLab did not start:\n' + (self.folder.parent/'lab.log').read_text()[-2000:])
    def __exit__(self, *args):
        for s in (signal.SIGINT, signal.SIGINT, signal.SIGKILL):     # asked twice, as at a terminal, then ended
            if self.process.poll() is None:
                os.killpg(self.process.pid, s)
                try: self.process.wait(10)
                except subprocess.TimeoutExpired: pass
        self.log.close()

def press(page, *names):
    "Press the first button of these names that is there; where JupyterLab asks back, say yes."
    for n in names:
        b = page.get_by_role('button', name=re.compile(n)).or_(page.locator(f'jp-button[title*="{n}"], button[title*="{n}"]'))
        if b.count(): b.first.click(); break
    else: raise SystemExit(f"no button {' or '.join(names)} in JupyterLab")
    yes = page.locator('.jp-Dialog button.jp-mod-accept')
    yes.wait_for(timeout=60_000); yes.click()

def busy(page):
    "Cells that wait or run."
    return page.evaluate("""() => { const n = window.jupyterapp?.shell.currentWidget?.content; return n?.widgets ? n.widgets.filter(c => c.model.type == 'code' && c.prompt == '*').length : -1 }""")

def state(page):
    "What the notebook holds, from its model, for cells off the screen are not drawn."
    return page.evaluate("""() => window.jupyterapp.shell.currentWidget.content.widgets.filter(c => c.model.type == 'code').map(c => ({source: c.model.sharedModel.getSource(), count: c.model.executionCount,
        outputs: c.model.outputs.toJSON().map(o => ({type: o.output_type, name: o.name || o.ename || '', text: o.evalue || '', pictures: Object.keys(o.data || {}).filter(k => k.startsWith('image/')).length}))}))""")

def expected(lesson):
    "How many of the cells that are run here have a picture in the saved lesson."
    return sum(any(k.startswith('image/') for o in c.get('outputs', ()) for k in o.get('data', {})) for c in json.loads(lesson.read_text(encoding='utf-8'))['cells'] if quick(c))

def pictures_seen(page, shot=None):
    "Scroll through the notebook: cells whose pictures were drawn with a size; a screenshot of the first of them."
    seen = set()
    total = page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length")
    for i in range(total):
        page.evaluate("i => window.jupyterapp.shell.currentWidget.content.scrollToItem(i, 'center')", i); page.wait_for_timeout(250)
        drawn = page.evaluate("i => { const c = window.jupyterapp.shell.currentWidget.content.widgets[i]; return [...c.node.querySelectorAll('.jp-OutputArea img')].filter(o => o.complete && o.naturalWidth > 20 && o.getBoundingClientRect().width > 20).length }", i)
        if drawn and shot and not seen: page.screenshot(path=shot)
        if drawn: seen.add(i)
    return len(seen)

def run(lesson, shots=None, limit=900):
    "Run a lesson in the browser; what went wrong, or an empty list."
    from playwright.sync_api import sync_playwright
    with tempfile.TemporaryDirectory() as tmp:
        folder = Path(tmp)/'lessons'; folder.mkdir(); copy(lesson, folder)
        with Lab(folder) as lab, sync_playwright() as p:
            chrome = p.chromium.launch(executable_path=browser(), args=['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'])
            page = chrome.new_page(viewport=dict(width=1280, height=900)); page.set_default_timeout(120_000)
            page.goto(lab.url(f'lab/tree/{lesson.name}').replace('?', '?reset&'), wait_until='domcontentloaded')
            page.locator('.jp-NotebookPanel .jp-Notebook .jp-Cell').first.wait_for()
            page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status == 'idle'", timeout=240_000)
            if shots: page.screenshot(path=shots/f'{lesson.stem}-opened.png')
            begun = time.time(); press(page, 'Restart the kernel and run all cells', 'Restart Kernel and Run All')
            page.wait_for_timeout(2000)
            while (left := busy(page)) and time.time() - begun < limit:
                if any(o['type'] == 'error' for c in state(page) for o in c['outputs']): break
                page.wait_for_timeout(500)
            took, cells = time.time() - begun, state(page)
            wrong = [f"{o['name']}: {o['text'][:200]} in {c['source'][:80]!r}" for c in cells for o in c['outputs'] if o['type'] == 'error']
            if left and not wrong: wrong.append(f'{left} cells were still running after {limit} s')
            if not wrong: wrong += [f'never ran: {c["source"][:80]!r}' for c in cells if c['source'].strip() and not c['count']]
            wanted, held = expected(lesson), sum(any(o['pictures'] for o in c['outputs']) for c in cells)
            drawn = pictures_seen(page, shots/f'{lesson.stem}-picture.png' if shots else None)
            if drawn < wanted: wrong.append(f'{drawn} cells show a picture, in the saved lesson {wanted} do')
            if shots: page.screenshot(path=shots/f'{lesson.stem}-end.png')
            print(f'{lesson.name} in JupyterLab: {len(cells)} cells of code in {took:.0f} s, {drawn} of {held} pictures drawn, {len(wrong)} faults')
            chrome.close()
    return wrong

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('lesson', nargs='?', default='01_quickstart'); p.add_argument('--shots', type=Path, help='folder for screenshots')
    a = p.parse_args()
    if browser() is None: print('JupyterLab in a browser: no Chromium here: not checked'); return 0
    try: import playwright
    except ImportError: print("JupyterLab in a browser: playwright is not installed (extra `dev`): not checked"); return 0
    if a.shots: a.shots.mkdir(parents=True, exist_ok=True)
    file = next(iter(lessons([a.lesson])), None)
    if file is None: sys.exit(f'no lesson has {a.lesson!r} in its name')
    wrong = run(file, a.shots)
    for w in wrong: print(' ', w)
    return bool(wrong)

if __name__ == '__main__': sys.exit(main())
