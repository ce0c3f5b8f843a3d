-- A file that is imported again on purpose is checked again.
DELETE FROM metering.rejections WHERE import_key = :import_key
