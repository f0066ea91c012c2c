//! Files written here and read back: values, unions by name, and what is cut or changed.
