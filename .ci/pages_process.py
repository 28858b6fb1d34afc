"""nbdev's processing of the pages for the site, as nbdev-proc-nbs does it, with two differences: where Quarto is missing it is not installed, and a page that fails does not keep the others back.

It runs in the folder of the tree, prints nothing where all is well, and leaves the processed pages in _proc."""
import nbdev.serve_drv
from nbdev.quarto import refresh_quarto_yml
from nbdev.serve import proc_nbs

wanted = r'^(?!.*tutorials/(data|runs)/)'   # what lessons wrote here is no page
process = nbdev.serve_drv.main

def one(job):
    try: return process(job)
    except Exception as e:
        lines = str(e).strip().splitlines() or ['']
        print(f'Error: {job[0]}: {type(e).__name__}: ' + '\n    '.join([*lines[:6], *lines[6:][-1:]]), flush=True)

if __name__ == '__main__':
    import pages_process                     # workers find the function by its module's name
    nbdev.serve_drv.main = pages_process.one
    refresh_quarto_yml(); proc_nbs(force=True, path_re=wanted)
