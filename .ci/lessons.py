"Run the lessons in a real Jupyter kernel, two at a time, without their slow cells, in a folder of their own (so without any real clips); say how long each took."
import json, re, shutil, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

def quick(cell):
    "Is the cell run here? Not where it is slow, wants a GPU, or installs the package."
    return not re.search(r'^#\s*\|\s*(slow|cuda|eval:\s*false)\s*$', ''.join(cell['source']), re.M)

def copy(lesson, folder):
    "Copy of a lesson without the cells that are not run here and without outputs; beside it only the saved results that come with the lessons."
    nb = json.loads(lesson.read_text(encoding='utf-8'))
    nb['cells'] = [c for c in nb['cells'] if quick(c)]
    for c in nb['cells']:
        if c['cell_type'] == 'code': c['outputs'], c['execution_count'] = [], None
    file = Path(folder)/lesson.name
    shutil.copytree(lesson.parent/'results', Path(folder)/'results', ignore=shutil.ignore_patterns('*.html'))
    file.write_text(json.dumps(nb), encoding='utf-8')
    return file

def lessons(parts=()):
    here = Path(__file__).resolve().parent.parent/'nbs/tutorials'
    return [o for o in sorted(here.glob('*.ipynb')) if not parts or any(p in o.name for p in parts)]

def run(lesson):
    "Seconds that a lesson took, and its exit status."
    with tempfile.TemporaryDirectory() as tmp:
        begun = time.time()
        code = subprocess.run([sys.executable, '-m', 'jupyter', 'execute', copy(lesson, tmp).name], cwd=tmp).returncode
        return time.time() - begun, code

if __name__ == '__main__':
    bad, chosen = [], lessons(sys.argv[1:])
    with ThreadPoolExecutor(2) as pool:
        for lesson, (seconds, code) in zip(chosen, pool.map(run, chosen)):
            print(f"{lesson.name}: {seconds:.0f} s{', FAILED' if code else ''}", flush=True)
            bad += [lesson.name]*bool(code)
    if bad: sys.exit(f"failed: {', '.join(bad)}")
