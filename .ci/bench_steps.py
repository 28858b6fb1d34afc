"What a step costs: the learner, the bare step and the rivals, timed in turn; nbs/benchmarks.ipynb explains and tests it."

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from fastai.callback.core import Callback, CancelFitException
from torch.utils.data import DataLoader, Dataset, RandomSampler

from sslus.base.provenance import processor_name
from sslus.loaders.pairs import SweepBatch, Window
from sslus.phantom.phantom import make_phantom
from sslus.ssl.encoders import create_encoder
from sslus.ssl.learner import ssl_learner
from sslus.ssl.method import get_method
from sslus.ssl.model import SSLModel
from sslus.ssl.speed import fast_bf16
from sslus.store.store import FrameStore
from sslus.video.find import get_videos


def machine(device='cpu' # Such as 'cpu' or 'cuda:1'
           )->str:       # Processor or card, cores, torch
    "What figures were taken on, in words."
    if torch.device(device).type == 'cuda':
        return f'{torch.cuda.get_device_name(device)}, {os.cpu_count()} CPU cores, torch {torch.__version__}'
    fast = 'fast' if fast_bf16() else 'not fast'
    threads = f'torch {torch.__version__}, {torch.get_num_threads()} threads'
    return f'{processor_name()}, {os.cpu_count()} cores, {threads}, bfloat16 {fast}'


def sync(device):
    "Wait until the device has done its work."
    if torch.device(device).type == 'cuda': torch.cuda.synchronize(device)


def in_turn(n:int, # Calls of each
            **fns  # Functions without arguments, by name
           )->dict: # {name: seconds}
    "Median seconds of each function, called in turn n times after one warm-up each."
    t = {k: [] for k in fns}
    for f in fns.values(): f()
    for _ in range(n):
        for k,f in fns.items():
            t0 = time.perf_counter()
            f()
            t[k].append(time.perf_counter() - t0)
    return {k: float(np.median(v)) for k,v in t.items()}


class InTurn(Callback):
    "Time blocks of the learner's steps, and after each block one of each rival; then end the fit."
    order = 99
    def __init__(self,
        rivals:dict, # name -> function that makes some steps and gives their seconds a step
        steps:int=1, # steps in a block of the learner
        n:int=9      # blocks, after one to warm up
    ):
        self.rivals, self.steps, self.n, self.i, self.t = rivals, steps, n, 0, {k: [] for k in ('ours', *rivals)}

    def before_train(self):
        sync(self.dls.device)
        self.t0 = time.perf_counter()
    def after_batch(self):
        self.i += 1
        if self.i % self.steps: return
        sync(self.dls.device)
        self.t['ours'].append((time.perf_counter() - self.t0)/self.steps)
        for k,f in self.rivals.items():
            self.t[k].append(f())
        if len(self.t['ours']) > self.n: raise CancelFitException
        self.t0 = time.perf_counter()

    @property
    def turns(self): return pd.DataFrame(self.t).iloc[1:]         # seconds a step, a row a turn


def ratios(turns:pd.DataFrame, # seconds a step, a row a turn
           over:str,           # Column divided by
           of:str='ours'       # Column divided
          )->dict:             # ratio, low, high
    "Median, smallest and largest ratio of two columns, turn by turn."
    r = turns[of]/turns[over]
    return dict(ratio=float(r.median()), low=float(r.min()), high=float(r.max()))


def bench_data(folder, # Where to put it
               size=96 # Side of the frames, pixels
              )->FrameStore: # 2,880 frames
    "A store of 24 phantom sweeps of 120 frames."
    folder = Path(folder)
    if not (folder/'phantom').exists():
        make_phantom(
            folder / 'phantom',
            n_patients=10,
            n_sweeps=24,
            n_frames=120,
            n_stills=5,
            n_test_sweeps=1,
            progress=False,
        )
    return FrameStore.build(
        get_videos(folder / 'phantom' / 'sweeps'),
        folder / f'store{size}',
        size=size,
        upscale=True,
        progress=False,
    )


def as_pngs(store, folder):
    "The frames of a store as PNG files, in one folder."
    from PIL import Image
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(len(store)):
        if not (f := folder/f'{i:05d}.png').exists():
            Image.fromarray(store[i]).save(f)
    return folder


def as_hdf5(store, path):
    "The frames of a store as an HDF5 file, a chunk a frame."
    import h5py
    if not Path(path).exists():
        with h5py.File(path, 'w') as f:
            f.create_dataset('frames', data=store.frames, chunks=(1, store.size, store.size))
    return path


def bench_learner(store, method='BarlowTwins', arch='resnet18', bs=128, device='cpu', **kwargs):
    "A learner as a user makes it: pairs from a window, four sweeps a batch."
    dls = store.frame_dls(
        bs=bs, pairs=Window(frames=3), batch=SweepBatch(4), valid_pct=0, n_batches=10_000, device=device
    )
    return ssl_learner(dls, arch, get_method(method), seed=0, **kwargs)


def autocast(device):
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=fast_bf16(device))


def bare_steps(
    method='BarlowTwins', # Name of a method, for its heads
    arch='resnet18', # timm model name
    size=96,         # Side of the views, pixels
    bs=128,          # Pairs in a batch
    device='cpu',    # Where it runs
    steps=1          # Steps of a call
)->'Callable':       # Called without arguments; gives seconds a step
    "A function that makes bare steps and gives their seconds a step."
    m = SSLModel(create_encoder(arch), get_method(method)).to(device, memory_format=torch.channels_last).train()
    opt, views = torch.optim.AdamW(m.parameters(), 1e-3), [
        torch.randn(bs, 1, size, size, device=device) for _ in range(2)
    ]
    def one():
        with autocast(device): z = m(*views)
        sum(o.float().square().mean() for o in z if o.requires_grad).backward()
        opt.step()
        opt.zero_grad()
    return lambda: seconds_a_step(one, steps, device)


def seconds_a_step(one, steps, device):
    sync(device)
    t0 = time.perf_counter()
    for _ in range(steps): one()
    sync(device)
    return (time.perf_counter() - t0)/steps


def step_turns(
    store:FrameStore, # Frames
    method='BarlowTwins', # Name of a method
    arch='resnet18', # timm model name
    bs=128,          # Pairs in a batch
    device='cpu',    # Where it runs
    steps=1,         # Steps in a block
    n=9,             # Blocks, after one to warm up
    rivals=None,     # {name: function that makes some steps and gives their seconds a step}, such as of `lightly_steps`
    **kwargs         # Of `ssl_learner`, such as compile=True
)->pd.DataFrame:     # Seconds a step: columns ours, bare and the rivals, a row a turn
    "Seconds a step of the learner, of the bare step and of further rivals, a row a turn."
    learn = bench_learner(store, method, arch, bs, device, **kwargs)
    turn = InTurn(dict(bare=bare_steps(method, arch, store.size, bs, device, steps), **(rivals or {})), steps, n)
    with learn.no_bar(), learn.no_logging():
        learn.fit(1, 1e-3, cbs=turn)
    return turn.turns


def loader_steps(dataset, loss, arch='resnet18', bs=128, device='cpu', steps=4, workers=None, proj=(512,128)):
    "A function that makes steps from a `DataLoader` of (view 1, view 2) and gives their seconds a step."
    m = (
        SSLModel(create_encoder(arch, 3), get_method('BarlowTwins', proj=proj))
        .to(device, memory_format=torch.channels_last)
        .train()
    )
    opt, workers = torch.optim.AdamW(m.parameters(), 1e-3), os.cpu_count() if workers is None else workers
    def one(batch):
        v1,v2 = (o.to(device, non_blocking=True) for o in batch)
        with autocast(device): z = m(v1, v2)
        loss(*(o.float() for o in z)).backward()
        opt.step()
        opt.zero_grad()
    def block():
        ready = 2*workers + 1
        dl = DataLoader(
            dataset,
            bs,
            sampler=RandomSampler(
                dataset, replacement=True, num_samples=(ready + steps) * bs + 2 * workers * bs
            ),
            num_workers=workers,
            pin_memory=torch.device(device).type == 'cuda',
        )
        batches = iter(dl)
        for _ in range(ready): one(next(batches))
        return seconds_a_step(lambda: one(next(batches)), steps, device)
    return block


class LightlyViews(Dataset):
    "Two views of image files by lightly's transforms for Barlow Twins."
    def __init__(self, folder, size):
        from lightly.data import LightlyDataset
        from lightly.transforms.byol_transform import BYOLTransform, BYOLView1Transform, BYOLView2Transform
        self.data = LightlyDataset(
            str(folder),
            transform=BYOLTransform(BYOLView1Transform(input_size=size), BYOLView2Transform(input_size=size)),
        )
    def __len__(self): return len(self.data)
    def __getitem__(self, i): return tuple(self.data[i][0])


class Hdf5Views(Dataset):
    "Two views of frames in an HDF5 file by Pillow and torchvision, as in Benjamin et al. 2023."
    def __init__(self, path, size):
        import h5py
        self.path, self.size, self.file = path, size, None
        with h5py.File(path) as f: self.n = len(f['frames'])
        self.views = [self._view(blur, solarize) for blur,solarize in ((1., 0.), (.1, .2))]
    def _view(self, blur, solarize):
        from torchvision import transforms as T
        k = int(.1*self.size)//2*2 + 1
        return T.Compose(
            [
                T.RandomResizedCrop(self.size, interpolation=T.InterpolationMode.BICUBIC),
                T.RandomHorizontalFlip(),
                T.RandomApply([T.ColorJitter(0.4, 0.4, 0.2, 0.1)], 0.8),
                T.RandomGrayscale(0.2),
                T.RandomApply([T.GaussianBlur(k)], blur),
                T.RandomSolarize(128, solarize),
                T.ToTensor(),
                T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
            ]
        )
    def __len__(self): return self.n
    def __getitem__(self, i):
        import h5py
        from PIL import Image
        if self.file is None: self.file = h5py.File(self.path)['frames']
        img = Image.fromarray(self.file[i]).convert('RGB')
        return tuple(v(img) for v in self.views)


def lightly_steps(
    store:FrameStore, # Frames, which are written as PNG files
    folder,           # Where to
    size=None,        # Side of the views, pixels; None: that of the store
    **kwargs          # arch, bs, device, steps, workers
)->'Callable':        # Called without arguments; gives seconds a step
    "Steps of lightly's own recipe on the frames of a store."
    from lightly.loss import BarlowTwinsLoss
    return loader_steps(
        LightlyViews(as_pngs(store, Path(folder) / f'png{store.size}'), size or store.size),
        BarlowTwinsLoss(),
        **kwargs,
    )


def paper_steps(
    store:FrameStore, # Frames, which are written as an HDF5 file
    folder,           # Where to
    size=None,        # Side of the views, pixels; None: that of the store
    **kwargs          # arch, bs, device, steps, workers
)->'Callable':        # Called without arguments; gives seconds a step
    "Steps of the first paper's scheme on the frames of a store."
    from lightly.loss import BarlowTwinsLoss
    return loader_steps(
        Hdf5Views(as_hdf5(store, Path(folder) / f'frames{store.size}.h5'), size or store.size),
        BarlowTwinsLoss(),
        **kwargs,
    )
