"Reads settings.ini; everything static stands in pyproject.toml."
from configparser import ConfigParser
from setuptools import setup, find_packages

cfg = ConfigParser(delimiters=['=']); cfg.read('settings.ini', encoding='utf-8')
cfg = cfg['DEFAULT']
lines = lambda name: [o.strip() for o in cfg.get(name, '').splitlines() if o.strip()]
extras = {k.removesuffix('_requirements'): lines(k) for k in cfg if k.endswith('_requirements')}

# package_dir: an editable install then writes a plain path, and `import sslus` works in the folder that holds the clone too
setup(version=cfg['version'], package_dir={'': '.'}, packages=find_packages(include=['sslus', 'sslus.*']), package_data={'sslus.study': ['*.ipynb']},
      install_requires=lines('requirements'), extras_require=extras,
      entry_points=dict(console_scripts=lines('console_scripts'), nbdev=['sslus=sslus._modidx:d']))
