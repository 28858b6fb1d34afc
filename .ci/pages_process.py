"""nbdev's processing of the pages for the site, as nbdev-proc-nbs does it, with three differences: where Quarto is missing it is not installed,
a page that fails does not keep the others back, and what Quarto stumbles over is mended (.ci/pages_mend.py).

It runs in the folder of the tree, prints nothing where all is well, and leaves the processed pages in _proc. With --render, Quarto renders them to _docs: what nbdev-docs does."""
import sys
from pathlib import Path
import nbdev.serve_drv
from nbdev.config import get_config
from nbdev.quarto import nbdev_docs, refresh_quarto_yml
from nbdev.serve import proc_nbs
from pages_html import site_name
from pages_mend import mend_file

wanted = r'^(?!.*tutorials/(data|runs)/)'   # what lessons wrote here is no page
process = nbdev.serve_drv.main

def mended(notebook, made):
    "Process one page and mend it."
    config = get_config()
    page = Path(notebook).resolve().relative_to(Path(config.nbs_path).resolve())
    mend_file(made, notebook, site_name(page.as_posix()), config.lib_path)

def one(job):
    notebook, made = Path(job[0]), Path(job[1])
    try:
        process(job)
        if notebook.suffix == '.ipynb': mended(notebook, made)
    except Exception as e:
        lines = str(e).strip().splitlines() or ['']
        print(f'Error: {notebook}: {type(e).__name__}: ' + '\n    '.join([*lines[:6], *lines[6:][-1:]]), flush=True)

if __name__ == '__main__':
    import pages_process                     # workers find the function by its module's name
    nbdev.serve_drv.main = pages_process.one
    if '--render' in sys.argv: nbdev_docs.__wrapped__(path_re=wanted)
    else:
        refresh_quarto_yml()
        proc_nbs(force=True, path_re=wanted)
