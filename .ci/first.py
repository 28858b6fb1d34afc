"""Run the Python of the README as a reader would, as a script in an empty folder: it must end well and print a score between 0 and 1.

    python .ci/first.py           # in small: fewer patients, one epoch each
    python .ci/first.py --whole   # as it stands; says how long it took"""
import argparse, os, re, subprocess, sys, tempfile, time
from pathlib import Path

root = Path(__file__).resolve().parent.parent
smaller = {'n_patients=60, n_sweeps=16': 'n_patients=50, n_sweeps=8, n_frames=24', 'fit_recipe(20)': 'fit_recipe(1)', 'fine_tune(20)': 'fine_tune(1)', 'fraction=.1': 'fraction=.2'}

def block(readme, whole=False):
    "The first Python of the README, made smaller unless `whole`."
    found = re.search(r'^```python\n(.*?)^```', readme, re.M | re.S)
    if not found: sys.exit('README.md has no block of Python')
    text = found[1]
    for old, new in {} if whole else smaller.items():
        if text.count(old) != 1: sys.exit(f'the Python of README.md holds {old!r} {text.count(old)} times: once is expected, or mend .ci/first.py')
        text = text.replace(old, new)
    return text

def score(out):
    "The number at the end of what a script printed, or None."
    found = re.search(r'([01]?\.\d+|[01])\s*$', out)
    return float(found[1]) if found and float(found[1]) <= 1 else None

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--whole', action='store_true')
    text = block((root/'README.md').read_text(encoding='utf-8'), p.parse_args().whole)
    with tempfile.TemporaryDirectory() as tmp:
        (Path(tmp)/'first.py').write_text(text, encoding='utf-8')
        begun = time.time()
        env = os.environ | dict(PYTHONPATH=os.pathsep.join([str(root), *filter(None, [os.environ.get('PYTHONPATH')])]))
        run = subprocess.run([sys.executable, '-W', 'ignore', 'first.py'], cwd=tmp, env=env, capture_output=True, text=True)
    last = (run.stdout.strip().splitlines() or [''])[-1]
    if run.returncode or score(last) is None: sys.exit(f'the Python of README.md failed, or printed no score:\n{run.stdout[-500:]}\n{run.stderr[-3000:]}')
    print(f'README.md: {len([o for o in text.splitlines() if o.strip()])} lines of Python in {time.time() - begun:.0f} s: {last}')

if __name__ == '__main__': main()
