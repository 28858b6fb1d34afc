"""Words in backticks that name nothing: what is left in prose of a symbol that was renamed or removed.

A word is looked at when it reads as code: a call, a dotted or CamelCase or snake_case name, an option, a command of this package, a file of this repository.
It is known when it is an identifier or a string of the package's or a page's code, a public name of a dependency, an option of a command, or a file; key words
of a call of ours must be its parameters. What is known otherwise stands in .ci/pages-allow.txt as `word: reason`."""
import ast, configparser, importlib, inspect, re, warnings
from functools import lru_cache
from pathlib import Path
from pages_html import source

name = r'[A-Za-z_][A-Za-z0-9_]*'
call = re.compile(rf'\.?({name}(?:\.{name})*)\((.*)\)(?:\.{name})*', re.S)
dotted = re.compile(rf'\.?{name}(?:\.{name})+|\.{name}')
camel = re.compile(r'[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+|[A-Z]{2,}[a-z]+[A-Za-z0-9]*')
snake = re.compile(r'_?[a-zA-Z][a-zA-Z0-9]*(?:_[a-zA-Z0-9]+)+')
ours = re.compile(r'(nbs|sslus|\.ci|\.github)/[\w./-]+')
others = '''builtins torch torch.nn torch.nn.functional torch.utils.data torch.distributed torch.optim torch.Tensor torchvision.transforms torchvision.transforms.v2 fastai.vision.all fastai.callback.all
fastai.distributed fastcore.all fastcore.test timm timm.optim timm.utils numpy numpy.ndarray pandas pandas.DataFrame scipy.stats sklearn.metrics sklearn.model_selection sklearn.manifold matplotlib.pyplot seaborn PIL.Image pydicom
pydicom.dataset av decord safetensors.torch accelerate ray nbdev cv2 captum.attr pathlib.Path tempfile os sys json re random time multiprocessing subprocess concurrent.futures scikit_posthocs statsmodels.stats.multitest lightly.loss kornia.augmentation huggingface_hub onnx onnxruntime nbclient'''.split()
short = dict(np='numpy', pd='pandas', nn='torch.nn', F='torch.nn.functional', plt='matplotlib.pyplot', sns='seaborn', dist='torch.distributed', tv='torchvision', nbs='nbs')

@lru_cache(None)
def found(path):
    "A module or an attribute of one by its dotted path, or None."
    parts = path.split('.'); parts[0] = short.get(parts[0], parts[0])
    for k in range(len(parts), 0, -1):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                o = importlib.import_module('.'.join(parts[:k]))
        except Exception: continue
        for p in parts[k:]:
            o = getattr(o, p, None)
            if o is None: return None
        return o

@lru_cache(None)
def foreign():
    "Public names of the dependencies and key words of DICOM."
    from pydicom.datadict import keyword_dict
    return {n for m in others for n in dir(found(m) or object) if not n.startswith('__')} | set(keyword_dict)

@lru_cache(None)
def package():
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return importlib.import_module('sslus.all')

def docstrings(tree):
    return {id(n.body[0].value) for n in ast.walk(tree) if isinstance(n, (ast.Module, ast.ClassDef, ast.FunctionDef)) and n.body and isinstance(n.body[0], ast.Expr) and isinstance(n.body[0].value, ast.Constant)}

def parsed(text):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            return ast.parse(re.sub(r'^\s*[%!].*$', '', text, flags=re.M))
    except SyntaxError: return ast.Module([], [])

def identifiers(text):
    "Identifiers and words of strings in code; docstrings and comments are prose and do not count."
    tree = parsed(text); doc = docstrings(tree)
    for n in ast.walk(tree):
        for field in ('id', 'attr', 'name', 'arg', 'asname'):
            if isinstance(v := getattr(n, field, None), str): yield from v.split('.')
        if isinstance(n, ast.ImportFrom) and n.module: yield from n.module.split('.')
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in doc: yield from re.findall(r'[\w.-]*\w', n.value); yield from re.findall(r'\w+', n.value)

class Known:
    "What words may name: `known(text)` is None, or why a backticked text names nothing."
    def __init__(self, root, pages):
        self.root, self.words = root, set()
        for f in root.glob('sslus/**/*.py'):
            if f.name != '_modidx.py': self.words.update(identifiers(f.read_text(encoding='utf-8')))
        for cells in pages.values():
            for c in cells:
                if c['cell_type'] == 'code': self.words.update(identifiers(source(c)))
        self.words |= {o.stem for o in root.glob('nbs/**/*.ipynb')} | {re.sub(r'^\d+_', '', o.stem) for o in root.glob('nbs/**/*.ipynb')} | {o.stem for o in root.glob('.ci/*.py')}
        c = configparser.ConfigParser(delimiters=['=']); c.read(root/'settings.ini', encoding='utf-8')
        self.commands = dict(o.strip().split('=') for o in c['DEFAULT'].get('console_scripts', '').splitlines() if o.strip())
        self.words |= set(c['DEFAULT'])
        self.options = set(re.findall(r'--[a-z][\w-]*', ' '.join(o.read_text(encoding='utf-8') for o in root.glob('.ci/*') if o.is_file())))
        file = root/'.ci/pages-allow.txt'
        self.allow = {k.strip(): v.strip() for k,_,v in (o.partition(': ') for o in file.read_text(encoding='utf-8').splitlines() if o.strip() and o[0] != '#')} if file.exists() else {}

    def is_word(self, w): return w in self.words or w in foreign()
    def takes(self, command):
        f = found(self.commands[command].replace(':', '.'))
        if not f: return set()
        flags_of = found('sslus.study.border.flags_of')
        names = set(flags_of(inspect.unwrap(f))) if flags_of else set(inspect.signature(f).parameters)
        return {'--' + o for name in names for o in (name, name.replace('_', '-'))} | {'--help', '--pdb'}

    def chain(self, path):
        "Why a dotted name is none, or ''."
        path = path.lstrip('.'); first,*rest = path.split('.')
        o = getattr(package(), first, None)
        if inspect.isclass(o) and rest and not hasattr(o, rest[0]) and rest[0] not in self.attributes(o): return f'{first} has no {rest[0]}'
        if first == 'sslus' and rest and found(path) is None: return 'no such name in sslus'
        unknown = [w for w in path.split('.') if not self.is_word(w)]
        return '' if not unknown or found(path) is not None or found(f'sslus.all.{path}') is not None else f"{', '.join(unknown)} stands in no code"

    @lru_cache(None)
    def attributes(self, cls):
        "Names that the methods of a class of ours give to `self`; those of other packages' classes are not known."
        names = set()
        for b in cls.__mro__:
            if not b.__module__.startswith('sslus') and b is not object: return self.words
            try: names |= {n.attr for n in ast.walk(ast.parse(inspect.getsource(b).lstrip())) if isinstance(n, ast.Attribute)} | {n.target.id for n in ast.walk(ast.parse(inspect.getsource(b).lstrip())) if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)}
            except (OSError, TypeError, SyntaxError): pass
        return names

    def keywords(self, node):
        "Key words of the calls in a piece of code that the called function of ours does not take."
        for n in ast.walk(node):
            if not isinstance(n, ast.Call): continue
            f = package(); path = ast.unparse(n.func)
            if not re.fullmatch(rf'{name}(\.{name})*', path): continue
            for p in path.split('.'): f = getattr(f, p, None)
            if not callable(f) or not getattr(f, '__module__', '').startswith('sslus'): continue
            try: params = inspect.signature(f).parameters
            except (TypeError, ValueError): continue
            if any(p.kind == p.VAR_KEYWORD for p in params.values()): continue
            for k in n.keywords:
                if k.arg and k.arg not in params: yield f'{path} takes no {k.arg}='

    def shell(self, line):
        "Why a command line is none, or ''."
        line = re.sub(r"'[^']*'|\"[^\"]*\"", 'x', line.partition('  #')[0])
        words = line.split()
        for i,w in enumerate(words):
            if re.fullmatch(r'sslus-\w+', w):
                if w not in self.commands: return f'{w} is no command of settings.ini'
                if bad := [o for o in words[i+1:] if o.startswith('--') and o.partition('=')[0] not in self.takes(w)]: return f"{w} has no option {', '.join(bad)}"
            if ours.fullmatch(w) and not re.search(r'[*<{]', w) and not (self.root/w).exists(): return f'{w} does not exist'
        return ''

    def __call__(self, text):
        "Why a text in backticks names nothing, or ''."
        if text in self.allow: return ''
        if re.match(r'sslus-\w+', text) or ours.match(text) or ' ' in text and re.search(r'(^| )(sslus-|\.ci/)', text): return self.shell(text)
        if m := re.fullmatch(r'(--[a-z][\w-]*)(?:[ =].*)?', text):
            return '' if m[1] in self.options | self.words or m[1].strip('-').replace('-', '_') in self.words or any(m[1] in self.takes(c) for c in self.commands) else f'no command has the option {m[1]}'
        if m := call.fullmatch(text):
            if m[1] in self.allow: return ''
            return self.chain(m[1]) or next(self.keywords(parsed(text)), '')
        if dotted.fullmatch(text):
            last = text.rpartition('.')[2]
            if re.search(r'\.(py|ipynb|csv|json|ya?ml|toml|ini|md|txt|npy|png|html|safetensors|parquet|mp4|dcm|tar|zip|gz|cff|pt|onnx)$', text): return '' if text in self.words or text.lstrip('.') in self.words or last in self.words or any(self.root.rglob(text)) else 'no file or string of code is called so'
            return self.chain(text)
        if camel.fullmatch(text) or snake.fullmatch(text): return '' if self.is_word(text) else 'stands in no code'
        return ''

def spans(md):
    "(text, kind) of the code in markdown: words in backticks, and blocks with their language."
    for m in re.finditer(r'^(`{3,})[ {.]*(\w*).*?\n(.*?)^\1', md, re.M | re.S): yield m[3], m[2] or 'text'
    prose = re.sub(r'^(`{3,}).*?^\1', '', md, flags=re.M | re.S)
    for m in re.finditer(r'(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)', prose): yield m[2].strip(), 'word'

def unknown(known, cells):
    "(cell, text, why) of the words in backticks and the blocks of code of a page's prose that name nothing."
    for i,c in enumerate(cells):
        if c['cell_type'] != 'markdown': continue
        for text,kind in spans(source(c)):
            if kind == 'word' and (why := known(text)): yield i, text, why
            if kind in ('sh', 'bash'):
                for line in text.splitlines():
                    if why := known.shell(line): yield i, line.strip()[:60], why
            if kind in ('py', 'python'):
                tree = parsed(text)
                names = {n.func.id if isinstance(n.func, ast.Name) else n.func.attr for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, (ast.Name, ast.Attribute))}
                made = {n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
                yield from ((i, n, 'stands in no code') for n in sorted(names - made) if not known.is_word(n) and n not in known.allow)
                yield from ((i, 'a block of code', why) for why in known.keywords(tree))
