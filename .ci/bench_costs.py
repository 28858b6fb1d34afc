"What else a pre-training costs: memory, processes, the road to the device, its limit, and building a store."

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from sslus.base.workers import child_env, python_child
from sslus.loaders.pairs import SweepBatch, Window
from sslus.ssl.encoders import create_encoder
from sslus.ssl.method import get_method
from sslus.ssl.model import SSLModel
from sslus.ssl.speed import fast_bf16
from sslus.store.store import FrameStore

from bench_steps import Hdf5Views, InTurn, LightlyViews, as_hdf5, as_pngs, autocast, bare_steps, bench_learner, in_turn
from bench_steps import seconds_a_step


class PeakMemory:
    "Largest memory (bytes) while the context is open, above that at its start: anonymous pages, or a GPU's own."
    def __init__(self, device='cpu'):
        self.cuda, self.device = torch.device(device).type == 'cuda', device
    def __enter__(self):
        if self.cuda:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats(self.device)
            self.base = torch.cuda.memory_allocated(self.device)
        else:
            self.base = self.peak = _anonymous()
            self.on = True
            self.thread = threading.Thread(target=self._watch, daemon=True)
            self.thread.start()
        return self
    def __exit__(self, *args):
        if self.cuda:
            torch.cuda.synchronize()
            self.bytes = torch.cuda.max_memory_allocated(self.device) - self.base
        else:
            self.on = False
            self.thread.join()
            self.bytes = self.peak - self.base
    def _watch(self):
        while self.on:
            self.peak = max(self.peak, _anonymous())
            time.sleep(.002)


def _anonymous():
    return next(int(l.split()[1]) for l in open('/proc/self/status') if l.startswith('RssAnon'))*1024


def peak_of(what, # 'ours' or 'bare'
            store, method='BarlowTwins', arch='resnet18', bs=128, device='cpu', n=4)->int:
    "Peak bytes of a few steps above what the process held before the first; to be called in a fresh process."
    store = FrameStore(store) if isinstance(store, (str, Path)) else store
    learn = bench_learner(store, method, arch, bs, device)
    turn = InTurn({}, 1, n)
    bare = bare_steps(method, arch, store.size, bs, device, n) if what == 'bare' else None
    with PeakMemory(device) as p:
        if bare: bare()
        else:
            with learn.no_bar(), learn.no_logging():
                learn.fit(1, 1e-3, cbs=turn)
    return p.bytes


def in_process(call:str, # expression of this module, such as "peak_of('bare', ...)"
               timeout=600, **env)->object:
    "The value of an expression of this module in a fresh process, by way of json."
    code = f'import json, bench_costs; print("=>" + json.dumps(eval({call!r}, vars(bench_costs))))'
    r = subprocess.run(python_child(code), capture_output=True, text=True, timeout=timeout, env=child_env(**env))
    if r.returncode: raise RuntimeError(f'{call} failed:\n{r.stderr[-2000:]}')
    return json.loads(r.stdout.rsplit('=>', 1)[1])


def memory_ratio(store:FrameStore, # Frames
                 n=3,              # Processes of each
                 **kwargs          # method, arch, bs, device
                )->dict:           # ours and bare, MiB; ratio
    "Median peak memory of our step and of the bare one, MiB, and their ratio."
    args = ''.join(f', {k}={v!r}' for k,v in kwargs.items())
    ours, bare = (
        [in_process(f'peak_of({w!r}, {str(store.path)!r}{args})') / 2**20 for _ in range(n)]
        for w in ('ours', 'bare')
    )
    return dict(ours=float(np.median(ours)), bare=float(np.median(bare)), ratio=float(np.median(ours)/np.median(bare)))


def ranks_time(path, bs, steps=8, method='BarlowTwins', arch='resnet18', threads=1):
    "Seconds a step of a learner in this process of several; what `two_over_one` starts."
    from sslus.ssl.launch import all_processes
    torch.set_num_threads(threads)
    learn = bench_learner(FrameStore(path), method, arch, bs, 'cpu')
    turn = InTurn({}, 1, steps)
    with all_processes(learn), learn.no_bar(), learn.no_logging():
        learn.fit(1, 1e-3, cbs=turn)
    return float(turn.turns.ours.median())


def two_over_one(store:FrameStore, # Frames
                 bs=128,           # Pairs of all processes together
                 n=3,              # Starts of each
                 **kwargs          # steps, method, arch
                )->dict:           # two and one, seconds; ratio
    "Median seconds a step of two processes and of one with the same global batch, started in turn."
    args = ''.join(f', {k}={v!r}' for k,v in kwargs.items())
    def run(world):
        code = (
            f'import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from bench_costs import ranks_time;'
            ' from sslus.ssl.distributed import rank; t ='
            f' ranks_time({str(store.path)!r}, {bs//world}, threads={2//world}{args}); rank() or'
            ' print(f"=>{t}", flush=True)'
        )
        with tempfile.TemporaryDirectory() as tmp:
            (script := Path(tmp)/'ranks.py').write_text(code)
            start = [
                sys.executable,
                '-m',
                'torch.distributed.run',
                f'--nproc-per-node={world}',
                '--master-addr=127.0.0.1',
                f'--master-port={29500 + os.getpid() % 500}',
                str(script),
            ]
            r = subprocess.run(
                start if world > 1 else [sys.executable, str(script)],
                capture_output=True,
                text=True,
                env=os.environ | dict(OMP_NUM_THREADS=str(2 // world), CUDA_VISIBLE_DEVICES=''),
            )
        if '=>' not in r.stdout: raise RuntimeError(r.stderr[-2000:])
        return float(r.stdout.rsplit('=>', 1)[1].split()[0])
    t = pd.DataFrame([dict(two=run(2), one=run(1)) for _ in range(n)])
    return dict(two=float(t.two.median()), one=float(t.one.median()), ratio=float((t.two/t.one).median()))


def cpu_seconds(f, n=5):
    "Median processor seconds of a call, in one thread."
    was, t = torch.get_num_threads(), []
    torch.set_num_threads(1)
    try:
        for _ in range(n + 1):
            c = time.process_time()
            f()
            t.append(time.process_time() - c)
    finally: torch.set_num_threads(was)
    return float(np.median(t[1:]))


def data_road(store:FrameStore, # Frames
              folder,           # Where to write them for the rivals
              size=None,        # Side of the views, pixels; None: that of the store
              n=64              # Pairs in a batch
             )->pd.Series:      # Seconds a pair, by road
    "Processor seconds of a pair of views: our loader, our views on the CPU, lightly's road and the first paper's."
    rng, method = np.random.default_rng(0), get_method('BarlowTwins', size=size)
    dls = store.frame_dls(bs=n, pairs=Window(frames=3), batch=SweepBatch(4), valid_pct=0, n_batches=100, device='cpu')
    a,b,_ = dls.one_batch()
    source, rows = dls.train.dataset, dls.train.get_idxs()[:n]
    lightly, paper = LightlyViews(
        as_pngs(store, Path(folder) / f'png{store.size}'), size or store.size
    ), Hdf5Views(as_hdf5(store, Path(folder) / f'frames{store.size}.h5'), size or store.size)
    some = lambda data: [data[int(i)] for i in rng.integers(0, len(data), n)]
    calls = {
        'ours, to the device': lambda: source.batch(rows),
        'ours, views on the CPU': lambda: method.make_views(a, b),
        'lightly': lambda: some(lightly),
        'first paper': lambda: some(paper),
    }
    return pd.Series({k: cpu_seconds(f)/n for k,f in calls.items()})


def ceilings(device='cpu', n=None)->dict:
    "Measured rates: operations a second of a bfloat16 (or float32) matrix product, bytes a second of a copy."
    dtype, n = torch.bfloat16 if fast_bf16(device) else torch.float32, n or (
        8192 if torch.device(device).type == 'cuda' else 2048
    )
    a,b = (torch.randn(n, n, device=device, dtype=dtype) for _ in range(2))
    x = torch.empty(2**28 if torch.device(device).type == 'cuda' else 2**26, device=device)
    y = torch.empty_like(x)
    best = lambda f: min(seconds_a_step(f, 3, device) for _ in range(5))
    return dict(flops=2*n**3/best(lambda: a@b), bytes=2*x.numel()*4/best(lambda: y.copy_(x)))


def work_of(method='BarlowTwins', # Name of a method
            arch='resnet18',      # timm model name
            size=96,              # Side of the views, pixels
            bs=128,               # Pairs in a batch
            device='cpu'          # Where it is counted; bytes depend on whether bfloat16 is fast there
           )->dict:               # flops, bytes
    "Floating-point operations (counted) and bytes moved (estimated) of a bare step."
    from torch.utils.flop_counter import FlopCounterMode
    m = SSLModel(create_encoder(arch), get_method(method)).to(device, memory_format=torch.channels_last).train()
    views, moved, width = (
        [torch.randn(bs, 1, size, size, device=device) for _ in range(2)],
        [0],
        2 if fast_bf16(device) else 4,
    )
    hooks = [
        o.register_forward_hook(
            lambda o, x, y: moved.__setitem__(0, moved[0] + 3 * width * (x[0].numel() + y.numel()))
        )
        for o in m.modules()
        if not list(o.children())
    ]
    with FlopCounterMode(display=False) as c, autocast(device):
        sum(o.float().square().mean() for o in m(*views) if o.requires_grad).backward()
    for h in hooks: h.remove()
    params = sum(p.numel() for p in m.parameters())
    # weights read and gradients written; AdamW reads four and writes three arrays of float32
    return dict(flops=c.get_total_flops(), bytes=moved[0] + params*(3*width + 7*4))


def share_of_limit(seconds:float, # Of a step
                   device='cpu',  # On which it ran
                   **kwargs       # Of `work_of`
                  )->dict:        # Work, measured rates, what binds, best_s in seconds, share in [0,1]
    "How near a step of `seconds` comes to the best that the device could do."
    c,w = ceilings(device), work_of(device=device, **kwargs)
    best = max(w['flops']/c['flops'], w['bytes']/c['bytes'])
    return dict(
        TFLOP=w['flops'] / 1e12,
        GB=w['bytes'] / 1e9,
        **{'TFLOP/s, measured': c['flops'] / 1e12, 'GB/s, measured': c['bytes'] / 1e9},
        bound='arithmetic' if w['flops'] / c['flops'] >= best else 'memory',
        best_s=best,
        share=best / seconds
    )


def random_access(store:FrameStore, # Frames
                  paths,            # Of the clips that they came from, in the same order
                  n=7               # Turns
                 )->dict:           # {road: seconds a frame}
    "Median seconds of a random frame, by road."
    import decord
    rng, kept = np.random.default_rng(0), decord.VideoReader(str(paths[0]))
    def from_store(k=2000):
        for i in rng.integers(0, len(store), k):
            store.frames[i].sum()
    def opened(k=20):
        for i in rng.integers(0, len(store), k):
            decord.VideoReader(str(paths[store.video_of[i]]))[int(i - store.first[store.video_of[i]])].asnumpy().sum()
    def kept_open(k=20):
        for i in rng.integers(0, len(kept), k):
            kept[int(i)].asnumpy().sum()
    t = in_turn(n, store=from_store, opened=opened, kept_open=kept_open)
    return {
        'store': t['store'] / 2000,
        'decord, opening the clip': t['opened'] / 20,
        'decord, clip kept open': t['kept_open'] / 20,
    }


def build_cost(what, paths, size=96):
    "Processor seconds of bare decoding ('bare'), or of a whole build ('ours'); to be called in a fresh process."
    import decord
    from PIL import Image
    paths = json.loads(paths)
    def bare(clips, dest):
        for p in clips:
            for f in decord.VideoReader(p, num_threads=1):
                Image.fromarray(f.asnumpy()).convert('L').resize((size, size), Image.BILINEAR)
    def ours(clips, dest):
        FrameStore.build(clips, dest, size=size, workers=0, upscale=True, max_failed=1, progress=False)
    run = dict(bare=bare, ours=ours)[what]
    with tempfile.TemporaryDirectory() as tmp:
        run(paths[:1], Path(tmp)/'first')                        # decoders and tables are imported now
        c = time.process_time()
        run(paths, Path(tmp)/'store')
    return time.process_time() - c


def build_speed(paths,   # Of clips
                size=96, # Side of the stored frames, pixels
                n=5      # Turns
               )->dict:  # bare and ours, seconds; share of the bare speed, with its lowest and highest
    "Median processor seconds of bare decoding and of our build, in turn, and the share of the bare speed."
    from sslus.base.workers import malloc_settings
    call = lambda what: f'build_cost({what!r}, {json.dumps([str(p) for p in paths])!r}, {size})'
    t = pd.DataFrame([dict(bare=in_process(call('bare')), ours=in_process(call('ours'), **malloc_settings)) for _ in range(n)])
    r = t.bare/t.ours
    return dict(
        bare=float(t.bare.median()),
        ours=float(t.ours.median()),
        share=float(r.median()),
        low=float(r.min()),
        high=float(r.max()),
    )


def reader_cost(paths, # Of clips
                n=5    # Turns
               )->dict: # {reader: processor seconds of all clips}
    "Median processor seconds of reading clips front to back in grey, by PyAV and by decord, in turn."
    from sslus.video.video import Video
    def seconds(reader):
        begin = time.process_time()
        for p in paths:
            for _ in Video(p, reader=reader): pass
        return time.process_time() - begin
    turns = pd.DataFrame([{reader: seconds(reader) for reader in ('pyav', 'decord')} for _ in range(n + 1)]).iloc[1:]
    return turns.median().to_dict()
