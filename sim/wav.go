package sim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ata-agent/ata-agent/dsp"
)

const (
	wavPCM        = 1
	wavExtensible = 0xFFFE
	wavHeader     = 44
)

// maxWAV bounds what ReadWAV reads: an hour of audio.
const maxWAV = 3600 * dsp.SampleRate * 2

// ReadWAV reads 8 kHz 16-bit mono PCM from a RIFF WAVE stream. Anything else is
// refused with an error that says what the file has.
func ReadWAV(r io.Reader) ([]int16, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, fmt.Errorf("sim: read WAV: %w", noEOF(err))
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return nil, errors.New("sim: read WAV: not a RIFF WAVE file")
	}
	known := false
	for {
		var chunk [8]byte
		if _, err := io.ReadFull(r, chunk[:]); err != nil {
			return nil, fmt.Errorf("sim: read WAV: no data chunk: %w", noEOF(err))
		}
		size := int64(binary.LittleEndian.Uint32(chunk[4:]))
		switch id := string(chunk[:4]); {
		case id == "fmt ":
			if err := readFormat(r, size); err != nil {
				return nil, err
			}
			known = true
		case id == "data" && known:
			return readData(r, size)
		case id == "data":
			return nil, errors.New("sim: read WAV: data before its format")
		default:
			if err := skip(r, size+size&1); err != nil {
				return nil, err
			}
		}
	}
}

func readFormat(r io.Reader, size int64) error {
	if size < 16 || size > 1024 {
		return fmt.Errorf("sim: read WAV: format chunk of %d bytes", size)
	}
	b := make([]byte, size+size&1)
	if _, err := io.ReadFull(r, b); err != nil {
		return fmt.Errorf("sim: read WAV: format: %w", noEOF(err))
	}
	format := binary.LittleEndian.Uint16(b)
	if format == wavExtensible && size >= 26 {
		format = binary.LittleEndian.Uint16(b[24:])
	}
	channels, rate, bits := binary.LittleEndian.Uint16(b[2:]), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint16(b[14:])
	if format != wavPCM || channels != 1 || rate != dsp.SampleRate || bits != 16 {
		return fmt.Errorf("sim: read WAV: the file has format %d, %d channels, %d Hz, %d bits; want PCM (1), 1 channel, 8000 Hz, 16 bits",
			format, channels, rate, bits)
	}
	return nil
}

// readData reads the samples. The size of a stream that was not closed properly
// is more than there is; its end counts.
func readData(r io.Reader, size int64) ([]int16, error) {
	b, err := io.ReadAll(io.LimitReader(r, min(size, maxWAV+1)))
	if err != nil {
		return nil, fmt.Errorf("sim: read WAV: %w", err)
	}
	if len(b) > maxWAV {
		return nil, errors.New("sim: read WAV: longer than an hour")
	}
	out := make([]int16, len(b)/2)
	for i := range out {
		out[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return out, nil
}

func skip(r io.Reader, n int64) error {
	if _, err := io.CopyN(io.Discard, r, n); err != nil {
		return fmt.Errorf("sim: read WAV: %w", noEOF(err))
	}
	return nil
}

// noEOF makes the end of a file inside a structure an error of its own.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// WriteWAV writes samples as 8 kHz 16-bit mono PCM.
func WriteWAV(w io.Writer, samples []int16) error {
	size := 2 * len(samples)
	b := make([]byte, 0, wavHeader+size)
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(wavHeader-8+size))
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, wavPCM)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint32(b, dsp.SampleRate)
	b = binary.LittleEndian.AppendUint32(b, 2*dsp.SampleRate)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("sim: write WAV: %w", err)
	}
	return nil
}
