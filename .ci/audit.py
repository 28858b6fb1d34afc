"""Look over the dependencies: bounds and licences from what is installed here, known vulnerabilities by pip-audit where its service can be reached.

`python .ci/audit.py` checks all; `--offline` leaves the network alone. Exit status 1 on a finding that .ci/audit-allow.txt does not allow with a reason."""
import configparser, json, re, socket, subprocess, sys, tempfile
from fnmatch import fnmatch
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.request import getproxies
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

here = Path(__file__).resolve().parent
fits = r'MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|Unlicense|Zlib|0BSD|HPND|CC0|Public Domain|LGPL|Lesser General Public|BSL|Boost|LicenseRef-PIL|Historical Permission'   # may be installed beside an Apache-2.0 package
strong = r'(?<!L)(?<!Lesser )(AGPL|GPL|Affero|GNU General Public)|Proprietary|Non-?Commercial|CC.BY.NC'

def allowances(file):
    "[(kind, pattern, reason)] of lines such as `licence nvidia-*: why`."
    lines = [o.strip() for o in file.read_text(encoding='utf-8').splitlines()] if file.exists() else []
    found = [(o, re.fullmatch(r'(bound|pin|licence|vulnerability)\s+(\S+?):\s+(\S.*)', o)) for o in lines if o and not o.startswith('#')]
    if bad := [o for o,m in found if m is None]: sys.exit(f'{file.name}: a line is `bound|pin|licence|vulnerability NAME: reason`, not {bad[0]!r}')
    return [m.groups() for _,m in found]

def requirements(ini):
    "{group: [requirement text]} of settings.ini; '' for what every user installs."
    c = configparser.ConfigParser(delimiters=['=']); c.read(ini, encoding='utf-8')
    return {k.removesuffix('requirements').removesuffix('_'): [o.strip() for o in v.splitlines() if o.strip()] for k,v in c['DEFAULT'].items() if k.endswith('requirements')}

def loose(groups):
    "Findings in the requirements as they are written."
    for text in (o for v in groups.values() for o in v):
        try: r = Requirement(text)
        except InvalidRequirement as e: yield 'bound', text, f'cannot be read ({e})'; continue
        ops = {s.operator for s in r.specifier}
        if r.url: yield 'pin', r.name, f'comes from an address ({r.url}), not from the index'
        if not r.url and not ops & {'>=', '~=', '>', '=='}: yield 'bound', r.name, 'has no lower bound: an old release with known flaws would do'
        if ops & {'==', '==='}: yield 'pin', r.name, 'is pinned to one release, which stays when it is withdrawn'

def installed(groups):
    "{name: distribution} of all that the requirements lead to and that is installed here."
    todo, found = [Requirement(o) for v in groups.values() for o in v], {}
    while todo:
        r = todo.pop(); name = canonicalize_name(r.name)
        if name in found or r.marker and not any(r.marker.evaluate({'extra': e}) for e in ('', *r.extras)): continue
        try: d = distribution(name)
        except PackageNotFoundError: continue                    # another platform's, or an extra that is not wanted here
        found[name] = d
        for o in map(Requirement, d.requires or ()):
            if o.marker is None or any(o.marker.evaluate({'extra': e}) for e in ('', *r.extras)): todo.append(Requirement(str(o).partition(';')[0]))
    return found

def licence(d):
    "What a distribution says of its licence."
    m = d.metadata
    classes = [c.rpartition(' :: ')[2] for c in m.get_all('Classifier') or () if c.startswith('License ::')]
    text = m.get('License-Expression') or ', '.join(c for c in classes if c != 'OSI Approved') or (m.get('License') or '').strip()
    return ' '.join(text.split())[:80] or 'not said'

def foreign(dists):
    "Findings among licences: strong copyleft, not free, or not said."
    for name,d in sorted(dists.items()):
        said = licence(d)
        if re.search(strong, said, re.I) and not re.search(r'\bOR\b', said) or not re.search(fits, said, re.I): yield 'licence', name, said

def reachable(host='pypi.org'):
    if getproxies(): return True
    try: socket.create_connection((host, 443), 5).close(); return True
    except OSError: return False

def audit(lines):
    "pip-audit over lines `name==version`: [(kind, id, text)], or None and why it could not be asked."
    with tempfile.TemporaryDirectory() as tmp:
        (Path(tmp)/'installed.txt').write_text('\n'.join(lines), encoding='utf-8')
        r = subprocess.run([sys.executable, '-m', 'pip_audit', '-r', f'{tmp}/installed.txt', '--no-deps', '--disable-pip', '--format', 'json', '--progress-spinner', 'off', '--timeout', '15'], capture_output=True, text=True)
    try: deps = json.loads(r.stdout)['dependencies']
    except (ValueError, KeyError): return None, (r.stderr.strip().splitlines() or ['no answer'])[-1][:200]
    return [('vulnerability', v['id'], f"{d['name']} {d['version']}, mended in {', '.join(v['fix_versions']) or 'no release yet'}; also {', '.join(v.get('aliases', [])) or '-'}") for d in deps for v in d.get('vulns', ())], \
        f"{len(deps)} asked, {sum('skip_reason' in d for d in deps)} of them unknown to the service" + (': not checked' if all('skip_reason' in d for d in deps) else '')

def known(dists, offline):
    "What pip-audit says; nothing, with a word, where it cannot be asked."
    if offline or not reachable(): print('Known vulnerabilities: offline: not checked'); return []
    found, said = audit([f'{n}=={d.version.partition("+")[0]}' for n,d in sorted(dists.items())])
    print(f'Known vulnerabilities: {said}' if found is not None else f'Known vulnerabilities: not checked, the service gave no answer ({said})')
    return found or []

def judge(found, allow):
    "Print the findings; how many are not allowed."
    bad = 0
    for kind,name,text in found:
        why = next((r for k,p,r in allow if k == kind and (fnmatch(name, p) or p in text.split('also ')[-1].split(', '))), None)
        bad += why is None
        print(f"  {'allowed' if why else 'FINDING'}: {kind} {name}: {text}" + (f' ({why})' if why else ''))
    return bad

def main(offline=False):
    groups = requirements(here.parent/'settings.ini')
    dists = installed(groups)
    kinds = sorted({licence(d) for d in dists.values()})
    print(f'{sum(map(len, groups.values()))} requirements, {len(dists)} distributions installed for them; licences: {"; ".join(kinds)}')
    bad = judge([*loose(groups), *foreign(dists), *known(dists, offline)], allowances(here/'audit-allow.txt'))
    print(f'{bad} finding(s) not allowed' + ('; mend them, or allow each with a reason in .ci/audit-allow.txt' if bad else ''))
    return bad > 0

if __name__ == '__main__': sys.exit(main('--offline' in sys.argv))
