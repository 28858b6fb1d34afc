"Speed and memory of sslus beside bare steps and beside other roads: python .ci/bench.py [--device cuda] [--csv FILE]."

import sys
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
import torch

from sslus.video.find import get_videos

from bench_costs import build_speed, data_road, memory_ratio, random_access, reader_cost, share_of_limit, two_over_one
from bench_steps import bench_data, lightly_steps, machine, paper_steps, ratios, step_turns


def _figure_row(figure, value, limit, **more):
    return dict(figure=figure, value=value, limit=limit, **more)


def _ratio_figures(r):
    return dict(value=r['ratio'], low=r['low'], high=r['high'])


def cpu_figures(folder,    # Where frames are kept
                say=print, # Told what is measured next
                n=5        # Turns
               )->'Iterator[dict]': # figure, value, low, high, limit
    "Rows of the table for a CPU: ResNet-18, 96 pixels, 128 pairs, Barlow Twins."
    say('frames')
    store = bench_data(folder, 96)
    paths = get_videos(Path(folder)/'phantom'/'sweeps')
    say('steps beside bare, lightly and the first paper')
    t = step_turns(
        store,
        steps=4,
        n=n,
        rivals=dict(lightly=lightly_steps(store, folder), paper=paper_steps(store, folder)),
    )
    yield _figure_row('SSL step over bare step', **_ratio_figures(ratios(t, 'bare')), limit='<= 1.15')
    yield _figure_row('lightly over ours', **_ratio_figures(ratios(t, 'ours', 'lightly')), limit='>= 1.0')
    yield _figure_row('first paper\'s scheme over ours', **_ratio_figures(ratios(t, 'ours', 'paper')), limit='>= 1.3')
    say('random frames')
    r = random_access(store, paths)
    yield _figure_row(
        'random frame: decord, clip kept open, over the store',
        r['decord, clip kept open'] / r['store'],
        '>= 100',
    )
    yield _figure_row(
        'random frame: decord, opening the clip, over the store',
        r['decord, opening the clip'] / r['store'],
        '>= 100',
    )
    say('store build')
    b = build_speed(paths, n=n)
    yield _figure_row(
        'store build, share of the bare decoding speed per core',
        b['share'],
        '>= .85',
        low=b['low'],
        high=b['high'],
    )
    r = reader_cost(paths, n=n)
    yield _figure_row('reading front to back: decord over PyAV', r['decord']/r['pyav'], '(report)')
    say('two processes')
    yield _figure_row('2 processes over 1, same global batch', two_over_one(store)['ratio'], '(report)')
    say('memory')
    yield _figure_row('peak memory over the bare step', memory_ratio(store)['ratio'], '<= 1.10')


def gpu_figures(folder,        # Where frames are kept
                device='cuda', # Card to measure
                say=print,     # Told what is measured next
                n=7,           # Turns
                bs=512         # Pairs in a batch
               )->'Iterator[dict]': # figure, value, low, high, limit
    "Rows of the table for a GPU: ResNet-50 at 224 pixels and ResNet-18 at 128, `bs` pairs, Barlow Twins."
    for arch,size in (('resnet50', 224), ('resnet18', 128)):
        say(f'{arch}, {size} px')
        store, kw = bench_data(folder, size), dict(arch=arch, bs=bs, device=device)
        t = step_turns(
            store,
            steps=20,
            n=n,
            rivals=dict(
                lightly=lightly_steps(store, folder, steps=8, **kw),
                paper=paper_steps(store, folder, steps=8, **kw),
            ),
            **{k: kw[k] for k in ('arch', 'bs', 'device')}
        )
        what, step, road = f'{arch}, {size} px: ', t.ours.median(), data_road(store, folder)
        yield _figure_row(what + 'SSL step over bare step', **_ratio_figures(ratios(t, 'bare')), limit='<= 1.10')
        yield _figure_row(what + 'share of the step spent in the loader', bs*road['ours, to the device']/step, '< .02')
        for k in ('lightly', 'paper'):
            yield _figure_row(
                what + f'{k} over ours',
                **_ratio_figures(ratios(t, 'ours', k)),
                limit={'lightly': '>= 2', 'paper': '>= 4'}[k] if arch == 'resnet18' else '(report)',
            )
        for k in road.index:
            yield _figure_row(
                what + f'CPU cores that keep the card fed: {k}',
                bs * road[k] / step,
                '1' if k == 'ours, to the device' else '(report)',
            )
        yield _figure_row(
            what + 'share of the device\'s limit, bare step',
            share_of_limit(t.bare.median(), device, arch=arch, size=size, bs=bs)['share'],
            '(report)',
        )
        yield _figure_row(what + 'peak memory over the bare step', memory_ratio(store, n=1, **kw)['ratio'], '<= 1.10')


def main(args:list|None=None # Words of the command line; None: those it was started with
        ):
    "The command: `python .ci/bench.py [--device cuda] [--folder FOLDER] [--csv FILE]`."
    import argparse
    p = argparse.ArgumentParser(
        prog='python .ci/bench.py',
        description=(
            'Speed and memory of sslus beside bare steps and beside other roads, as ratios measured in turn.'
        ),
    )
    p.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu', help='cpu or cuda')
    p.add_argument('--folder', help='where frames are kept; default: a temporary folder')
    p.add_argument('--csv', help='write the table here too')
    p.add_argument('-n', type=int, default=5, help='turns; the median is quoted')
    p.add_argument('--bs', type=int, default=512, help='pairs in a batch on a GPU')
    a = p.parse_args(args)
    if a.device.startswith('cuda') and not torch.cuda.is_available():
        p.error('torch sees no NVIDIA GPU here: leave --device out to measure the CPU')
    say = lambda what: print(f'... {what}', file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() if a.folder is None else nullcontext(a.folder) as folder:
        try:
            table = pd.DataFrame(
                gpu_figures(folder, a.device, say, a.n, a.bs)
                if a.device.startswith('cuda')
                else cpu_figures(folder, say, a.n)
            )
        except torch.OutOfMemoryError as e:
            sys.exit(
                f'batches of {a.bs} pairs do not fit this GPU ({str(e).splitlines()[0][:120]}): try --bs'
                f' {a.bs//2}'
            )
    print(machine(a.device))
    print(table.round(3).to_string(index=False))
    if a.csv: table.to_csv(a.csv, index=False)


if __name__ == '__main__':
    main()
