package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/ata-agent/ata-agent/state"
)

// A resetter brings the device back to its first state. It is called once, when
// everything that uses the state has ended.
type resetter interface{ FactoryReset() error }

// wiper is the resetter that empties the state folder.
type wiper struct{ dir state.Dir }

// FactoryReset removes all that the state folder holds. What is a link goes as a
// link: nothing outside the folder is touched.
func (w wiper) FactoryReset() error {
	entries, err := os.ReadDir(string(w.dir))
	if err != nil {
		return fmt.Errorf("factory reset: %w", err)
	}
	var errs []error
	for _, e := range entries {
		errs = append(errs, os.RemoveAll(w.dir.Path(e.Name())))
	}
	if err := errors.Join(append(errs, syncDir(string(w.dir)))...); err != nil {
		return fmt.Errorf("factory reset: %w", err)
	}
	return nil
}

// syncDir makes removals in a folder durable.
func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
