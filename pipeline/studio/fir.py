"""Filters as convolutions: a short response over a stream of blocks, many transforms at once, which is what is fast."""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Amplitudes, full scale 1; a row a channel, or one row."""
Levels = NDArray[np.float64]

_AT_ONCE = 8
"""Windows transformed together: more of them fall out of the cache, fewer leave the processor's lanes empty."""


class Fir:
    """A finite response over blocks of one or more channels, a row a channel; remembers what came before."""

    def __init__(self, response: Levels, channels: int = 1) -> None:
        taps = len(response)
        self._size = 1 << (4 * taps - 1).bit_length()
        self._step = self._size - taps + 1
        self._spectrum = np.fft.rfft(response, self._size).astype(np.complex64)
        """Single precision: its error is 140 dB below the loudest of a block, at half the cost."""
        self._tail = np.zeros((channels, taps - 1), np.float32)
        # Kept: the system would hand out fresh memory for each block, page by page, which costs as much as the work.
        self._spectra = np.empty((_AT_ONCE, len(self._spectrum)), np.complex64)
        self._back = np.empty((_AT_ONCE, self._size), np.float32)

    def feed(self, block: Samples) -> Samples:
        """The filtered block, as long as the one that came in."""
        rows = np.atleast_2d(block)
        joined = np.concatenate([self._tail, rows], axis=1)
        lead = self._tail.shape[1]
        self._tail = joined[:, joined.shape[1] - lead :].copy()
        out = [self._channel(row, lead) for row in joined]
        return (out[0] if len(out) == 1 else np.stack(out)).reshape(block.shape)

    def _channel(self, joined: Samples, lead: int) -> Samples:
        wanted = len(joined) - lead
        count = -(-wanted // self._step)
        padded = np.zeros(count * self._step + lead, np.float32)
        padded[: len(joined)] = joined
        out = np.empty((count, self._step), np.float32)
        if count:
            windows = np.lib.stride_tricks.sliding_window_view(padded, self._size)[:: self._step]
            for at in range(0, count, _AT_ONCE):
                rows = min(_AT_ONCE, count - at)
                spectra, back = self._spectra[:rows], self._back[:rows]
                np.fft.rfft(windows[at : at + rows], out=spectra)  # type: ignore[arg-type]  # single precision works
                spectra *= self._spectrum
                np.fft.irfft(spectra, self._size, out=back)  # type: ignore[arg-type]
                out[at : at + rows] = back[:, lead:]
        return out.reshape(-1)[:wanted]


def minimum_phase(magnitude: Levels) -> Levels:
    """The response that has a magnitude (one value a bin of an rfft) and answers as early as can be: no echo ahead.

    By the cepstrum (Oppenheim and Schafer, Discrete-Time Signal Processing, homomorphic filtering).
    """
    size = 2 * (len(magnitude) - 1)
    cepstrum = np.fft.irfft(np.log(np.maximum(magnitude, 1e-5)), size)
    cepstrum[1 : size // 2] *= 2
    cepstrum[size // 2 + 1 :] = 0
    response: Levels = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)), size)
    return response
