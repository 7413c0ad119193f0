package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// wipeFile says that a wipe has begun. While it is there nothing else counts.
const wipeFile = "wipe.pending"

// SocketFile is the agent's control socket in the folder; a wipe lets it be,
// because it may be what the order came by.
const SocketFile = "control.sock"

// wipeOrder is the content of the marker.
type wipeOrder struct {
	Time   time.Time `json:"time"`
	Actor  string    `json:"actor"`
	Reason string    `json:"reason"`
}

// Wipe forgets everything: it destroys the data key, with which all that is
// sealed becomes noise wherever the flash keeps copies of it, then overwrites
// and removes every file. It is final. Whoever has the folder open must have
// ended. What is left is an audit log of one entry, by whom and why.
//
// A power cut does not save anything from it: the order is written down first
// and carried out at the next start ([Dir.ResumeWipe]).
func (d Dir) Wipe(actor, reason string, keepers ...Keeper) error {
	return beginWipe(d, wipeOrder{time.Now().UTC(), actor, reason}, keepers)
}

// ResumeWipe finishes a wipe that was interrupted and says whether there was
// one. It is the first thing to do with a folder at a start.
func (d Dir) ResumeWipe(keepers ...Keeper) (bool, error) { return resumeWipe(d, keepers) }

func beginWipe(f folder, order wipeOrder, keepers []Keeper) error {
	data, err := json.Marshal(order)
	if err != nil {
		return fmt.Errorf("state: wipe: %w", err)
	}
	if err := f.write(wipeFile, data); err != nil {
		// A full disk must not save anything either; there will be room.
		return errors.Join(finishWipe(f, order, keepers), err)
	}
	return finishWipe(f, order, keepers)
}

func resumeWipe(f folder, keepers []Keeper) (bool, error) {
	data, err := f.read(wipeFile)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("state: wipe: %w", err)
	}
	var order wipeOrder
	if err := json.Unmarshal(data, &order); err != nil {
		order = wipeOrder{time.Now().UTC(), "unknown", "the order is damaged"}
	}
	return true, finishWipe(f, order, keepers)
}

// finishWipe carries out an order, from whatever point it was interrupted at. A
// keeper that fails does not stop it; the error then tells, and the marker goes
// all the same, for the key file is gone and with it the way to the key.
func finishWipe(f folder, order wipeOrder, keepers []Keeper) error {
	kept := destroyKey(f, keepers)
	if err := f.destroy(keyFile); err != nil {
		return err
	}
	names, err := f.list()
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == wipeFile || name == SocketFile {
			continue
		}
		if err := f.destroy(name); err != nil {
			return err
		}
	}
	line, err := json.Marshal(Entry{Time: time.Now().UTC(), Actor: order.Actor, Action: "wipe", Detail: order.Reason})
	if err != nil {
		return fmt.Errorf("state: wipe: %w", err)
	}
	if err := f.write(auditFile(0), append(line, '\n')); err != nil {
		return err
	}
	return errors.Join(kept, f.remove(wipeFile))
}

// destroyKey has the keeper forget the key.
func destroyKey(f folder, keepers []Keeper) error {
	w, err := readKey(f)
	if err != nil || w.Keeper == SoftwareName || w.Keeper == CredentialName {
		return nil //nolint:nilerr // no key, or no part of it outside the key file
	}
	i := slices.IndexFunc(keepers, func(k Keeper) bool { return k.Name() == w.Keeper })
	if i < 0 {
		return fmt.Errorf("state: wipe: the keeper %q is not there; its part of the key stays", w.Keeper)
	}
	if err := keepers[i].Destroy(w.Wrapped); err != nil {
		return fmt.Errorf("state: wipe: keeper %s: %w", w.Keeper, err)
	}
	return nil
}

// Destroy overwrites a file outside the folder and removes it, as Wipe does with
// those inside. A file that is not there is destroyed.
func Destroy(path string) error {
	err := overwrite(path)
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("state: destroy: %w", err)
	}
	return nil
}
